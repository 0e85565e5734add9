/**
 * Makes what holds or tries a lock in one of the ways Node has, and speaks for it: prints how each one's `open` ended. A line on
 * the input lets the next one try; the end of the input ends all.
 */
import 'reflect-metadata';
import { fork } from 'node:child_process';
import cluster from 'node:cluster';
import { isMainThread, parentPort, Worker as Thread, workerData } from 'node:worker_threads';
import { Master } from '../../src/index.js';
import { CrashLog } from './crash-model.js';

const place = { name: 'locked', store: process.argv[3] ?? '', local: process.argv[4] ?? '' };
const WRITES = 20;

/** Opens the master and makes some calls; gives how that ended. It stays open. */
async function attempt(library: { Master: typeof Master }, who: string): Promise<string> {
  try {
    const master = await library.Master.open(CrashLog, place);
    for (let count = 0; count < WRITES; count++) await master.transact((log) => log.add(`${who}-${count}`));
    await master.sync();
    return 'opened';
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
}

const here = (who: string): Promise<string> => attempt({ Master }, who);

/** By a copy of the package in another folder. */
const elsewhere = async (who: string): Promise<string> =>
  attempt((await import(`${process.argv[5]}/src/index.js`)) as { Master: typeof Master }, who);

const heardFrom = (one: { on: (event: 'message', heard: (message: string) => void) => unknown }): Promise<string> =>
  new Promise((resolve) => one.on('message', resolve));

const file = process.argv[1] ?? '';
const member = ['member', ...process.argv.slice(3)];
const WAYS: Record<string, (who: string) => Promise<string>> = {
  here,
  elsewhere,
  cluster: (who) => {
    cluster.setupPrimary({ exec: file, args: [...member, who] });
    return heardFrom(cluster.fork());
  },
  thread: (who) => heardFrom(new Thread(file, { argv: member, workerData: who })),
  child: (who) => heardFrom(fork(file, [...member, who])),
};

// It listens, so that it does not end, and its lock with it.
if (!isMainThread) parentPort?.on('message', () => undefined).postMessage(await here(workerData as string));
else if (process.argv[2] === 'member') process.on('message', () => undefined).send?.(await here(process.argv[6] ?? ''));
else {
  const ways = (process.argv[2] ?? '').split(',');
  for (const [index, way] of ways.entries()) console.log(`${way} ${await WAYS[way]?.(`${index}`)}`);
  // Whoever holds it holds it until the input ends.
  process.stdin.resume().on('end', () => process.exit());
}
