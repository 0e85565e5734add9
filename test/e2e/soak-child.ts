/** One master of the soak test: calls, syncs by itself, tells its parent what is durable and what it takes. */
import 'reflect-metadata';
import { createHash } from 'node:crypto';
import { Master, Prevalent, Transaction } from '../../src/index.js';

/** Its state does not grow: whatever grows is the library's. */
@Prevalent('soak-tally')
class Tally {
  readonly made = new Map<string, number>();
  readonly slots = new Map<string, string>();
  /** Depends on the order of all calls. */
  order = 0;

  @Transaction() put(by: string, slot: string, text: string): void {
    this.made.set(by, (this.made.get(by) ?? 0) + 1);
    this.slots.delete(slot);
    this.slots.set(slot, text);
    for (let i = 0; i < by.length; i++) this.order = (Math.imul(this.order, 31) + by.charCodeAt(i)) | 0;
  }
}

/** What a child tells. */
export type ChildReport =
  | { readonly kind: 'made'; readonly issued: number; readonly durable: number }
  | {
      readonly kind: 'size';
      readonly memory: number;
      readonly journal: number;
      readonly snapshots: number;
      readonly seal: number;
    }
  | {
      readonly kind: 'state';
      readonly hash: string;
      readonly made: Readonly<Record<string, number>>;
      readonly rejected: number;
    }
  | { readonly kind: 'failed'; readonly why: string };

const TURN_MS = 20;
const SLOTS = 1_000;

const [name = '', shared = '', local = '', rate = '100'] = process.argv.slice(2);
const tell = (report: ChildReport): void => {
  process.send?.(report);
};
const fail = (error: unknown): void => {
  tell({ kind: 'failed', why: error instanceof Error ? (error.stack ?? error.message) : String(error) });
};

const master = await Master.open(Tally, {
  name,
  store: shared,
  local,
  autoSync: { everyMs: 500 },
  sealer: name === 'm0',
  retention: 2_000,
  patience: 6_000,
  undoMemory: 32 * 1024 * 1024,
});
master.on('error', fail);
master.on('diverged', (found) => {
  fail(new Error(`diverged: ${JSON.stringify(found)}`));
});

let issued = 0;
let working = true;
let turn: Promise<void> = Promise.resolve();

async function work(): Promise<void> {
  const count = Math.round((Number(rate) * TURN_MS) / 1_000);
  for (let i = 0; i < count; i++) {
    const slot = `slot ${(issued * 7 + count) % SLOTS}`;
    issued++;
    master.model.put(name, slot, `${name} wrote this as its call number ${issued}`);
  }
  tell({ kind: 'made', issued, durable: 0 });
  const before = issued;
  await master.durable();
  tell({ kind: 'made', issued, durable: before });
}

async function size(): Promise<void> {
  const { files, seal } = await master.status();
  const { journal, snapshots } = files;
  tell({ kind: 'size', memory: process.memoryUsage().rss, journal, snapshots, seal: seal?.no ?? 0 });
}

const worker = setInterval(() => {
  if (working) turn = turn.then(work);
  turn.catch(fail);
}, TURN_MS);
const sizer = setInterval(() => {
  size().catch(fail);
}, 1_000);

process.on('message', (order) => {
  void (async () => {
    working = false;
    await turn;
    if (order === 'close') {
      clearInterval(worker);
      clearInterval(sizer);
      await master.close();
      process.disconnect();
      return;
    }
    await master.sync();
    const { text, made } = master.query((tally) => ({
      text: JSON.stringify([[...tally.made], [...tally.slots], tally.order]),
      made: Object.fromEntries(tally.made),
    }));
    const hash = createHash('sha256').update(text).digest('hex');
    tell({ kind: 'state', hash, made, rejected: master.rejections().length });
  })().catch(fail);
});
