/** One master in a folder that Syncthing keeps: calls so many times a second, and tells how long those of others took to be seen. */
import 'reflect-metadata';
import { createHash } from 'node:crypto';
import { Master, Prevalent, Transaction } from '../../src/index.js';

@Prevalent('carried')
class Carried {
  readonly made = new Map<string, number>();
  order = 0;

  @Transaction() call(by: string, text: string): void {
    this.made.set(by, (this.made.get(by) ?? 0) + 1);
    for (let i = 0; i < text.length; i++) this.order = (Math.imul(this.order, 31) + text.charCodeAt(i)) | 0;
  }
}

/** What a child tells. */
export type CarriedReport =
  | { readonly kind: 'open' }
  | {
      readonly kind: 'told';
      readonly masters: number;
      readonly made: number;
      readonly hash: string;
      readonly lags: readonly number[];
    }
  | { readonly kind: 'failed'; readonly why: string };

const [name = '', shared = '', local = '', rate = '20'] = process.argv.slice(2);
const tell = (report: CarriedReport): void => {
  process.send?.(report);
};
const fail = (error: unknown): void => {
  tell({ kind: 'failed', why: error instanceof Error ? (error.stack ?? error.message) : String(error) });
};

const master = await Master.open(Carried, { name, store: shared, local, autoSync: {} });
master.on('error', fail);
/** Ms from each call of others until it was seen here. */
let lags: number[] = [];
master.on('event', (event) => {
  if (event.master !== name) lags.push(Date.now() - event.time.getTime());
});
let made = 0;
let isCalling = false;
const timer = setInterval(
  () => {
    if (isCalling) master.model.call(name, `${name} wrote this as its call number ${made++}`);
  },
  1_000 / Number(rate),
);
tell({ kind: 'open' });

process.on('message', (order) => {
  void (async () => {
    if (order === 'rest') isCalling = false;
    if (order === 'call') isCalling = true;
    if (order === 'tell') {
      const text = master.query((state) => JSON.stringify([[...state.made].sort(), state.order]));
      const sum = master.query((state) => [...state.made.values()].reduce((left, right) => left + right, 0));
      const masters = new Set(Object.keys((await master.status()).streams).map((key) => key.split('@', 1)[0])).size;
      tell({ kind: 'told', masters, made: sum, hash: createHash('sha256').update(text).digest('hex'), lags });
      lags = [];
    }
    if (order === 'close') {
      clearInterval(timer);
      await master.durable();
      await master.close();
      process.disconnect();
    }
  })().catch(fail);
});
