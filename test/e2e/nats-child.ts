/** Opens a master in NATS and calls as fast as it can until it is refused. Prints each call that was acknowledged, and why it was refused. */
import 'reflect-metadata';
import { writeSync } from 'node:fs';
import { Master } from '../../src/index.js';
import { NatsStore } from '../../src/store/nats/index.js';
import { CrashLog } from './crash-model.js';

const [servers = '', space = '', run = '', silence = '0'] = process.argv.slice(2);
const print = (line: string): void => {
  writeSync(1, `${line}\n`);
};
let isOver = false;

const store = new NatsStore({ servers, space, silence: Number(silence) });
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
process.stdin.destroy();
