/** Waits for a line, opens a master, and lets 16 callers write for ever, printing every call whose promise resolved. */
import 'reflect-metadata';
import { writeSync } from 'node:fs';
import { FolderStore, Master } from '../../src/index.js';
import { CrashLog } from './crash-model.js';

const [store = '', local = '', run = ''] = process.argv.slice(2);
const CALLERS = 16;
const print = (line: string): void => {
  writeSync(1, `${line}\n`);
};

print('loaded');
process.stdin.once('data', () => void work());

async function work(): Promise<void> {
  const master = await Master.open(CrashLog, {
    name: 'crashing',
    // Small files and many snapshots, so that kills hit their making as well.
    store: new FolderStore(store, { segmentBytes: 20_000 }),
    local,
    snapshotEvery: 150,
  });
  print('open');
  const caller = async (number: number): Promise<never> => {
    for (let count = 0; ; count++) {
      const word = `${run}-${number}-${count}`;
      await master.transact((log) => log.add(word));
      print(`+${word}`);
      if (count % 20 === number) await master.sync();
    }
  };
  await Promise.all(Array.from({ length: CALLERS }, (_, number) => caller(number)));
}
