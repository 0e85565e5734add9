import { writeSync } from 'node:fs';
import { Master, type Store } from '../../src/index.js';
import { CrashLog } from './crash-model.js';

/**
 * Opens a master and calls as fast as it can until it is refused, or its input says something. Prints each call that was acknowledged,
 * and why it was refused.
 *
 * @param run tells its words from those of others
 */
export async function callUntilRefused(store: Store, run: string): Promise<void> {
  const print = (line: string): void => {
    writeSync(1, `${line}\n`);
  };
  let isOver = false;
  const master = await Master.open(CrashLog, { name: 'fenced', store });
  print('open');
  master.on('error', () => undefined);
  process.stdin.once('data', () => (isOver = true));
  const caller = async (number: number): Promise<void> => {
    for (let count = 0; !isOver; count++) {
      const word = `${run}-${number}-${count}`;
      try {
        await master.transact((log) => log.add(word));
        print(`+${word}`);
      } catch (error) {
        print(`refused ${(error as { code?: string }).code ?? String(error)}`);
        isOver = true;
      }
    }
  };
  await Promise.all(Array.from({ length: 4 }, (_, number) => caller(number)));
  await master.close().catch((error: unknown) => {
    print(`closed ${(error as { code?: string }).code ?? String(error)}`);
  });
  print('ended');
}
