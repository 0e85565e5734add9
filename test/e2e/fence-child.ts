/**
 * Opens a master whose lock nobody else sees, as in another container, and writes as fast as it can until it is told to stop or refused. Prints
 * each call that was acknowledged, why it was refused, and how it ended.
 */
import 'reflect-metadata';
import { writeSync } from 'node:fs';
import { FolderStore, Master, type MasterOptions } from '../../src/index.js';
import { CrashLog } from './crash-model.js';

const [store = '', local = '', run = '', callers = '1', durability = 'group'] = process.argv.slice(2);
const print = (line: string): void => {
  writeSync(1, `${line}\n`);
};
let isOver = false;
let isTold = false;
process.stdin.on('data', (data) => {
  if (String(data).includes('stop')) isOver = true;
  else void work();
});
print('loaded');

/** Two streams of one name are retired by both: a frontier may be gone when it is renamed, and the next sync does it. */
function unlessUnreachable(error: unknown): void {
  if ((error as { code?: string }).code !== 'STORE_UNREACHABLE') throw error;
}

/** Others who start at the same moment may replace or remove what it is about to read: that is tried again, as the error says. */
async function opened(open: () => Promise<Master<CrashLog>>, tries = 20): Promise<Master<CrashLog>> {
  try {
    return await open();
  } catch (error) {
    if (tries === 1 || (error as { code?: string }).code === 'MASTER_LOCKED') throw error;
    return opened(open, tries - 1);
  }
}

async function work(): Promise<void> {
  const blind = async (): Promise<{ release: () => Promise<void> }> => ({ release: async () => undefined });
  const open = (): Promise<Master<CrashLog>> =>
    Master.open(CrashLog, {
      name: 'fenced',
      store: new FolderStore(store, { segmentBytes: 20_000, lock: blind }),
      local,
      durability: durability as NonNullable<MasterOptions['durability']>,
    });
  let master: Master<CrashLog>;
  try {
    master = await opened(open);
  } catch (error) {
    print(`refused ${(error as { code?: string }).code ?? String(error)}`);
    print('ended');
    process.exit();
  }
  master.on('error', () => undefined);
  print('open');
  const caller = async (number: number): Promise<void> => {
    for (let count = 0; !isOver; count++) {
      const word = `${run}-${number}-${count}`;
      try {
        await master.transact((log) => log.add(word));
        print(`+${word}`);
        if (count % 50 === number) await master.sync().catch(unlessUnreachable);
      } catch (error) {
        isOver = true;
        const { code, cause } = error as { code?: string; cause?: { code?: string } };
        if (!isTold) print(`refused ${cause?.code ?? code ?? String(error)}`);
        isTold = true;
      }
    }
  };
  await Promise.all(Array.from({ length: Number(callers) }, (_, number) => caller(number)));
  await master.close().catch((error: unknown) => {
    print(`closed ${(error as { code?: string }).code ?? String(error)}`);
  });
  for (const notice of (await master.status().catch(() => ({ notices: [] as string[] }))).notices)
    print(`notice ${notice}`);
  print('ended');
  process.exit();
}
