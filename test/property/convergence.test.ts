import fc from 'fast-check';
import { Master, type MergedEvent } from '../../src/index.js';
import { ClassTable } from '../../src/model/class-table.js';
import { definitionOf } from '../../src/model/prevalent.js';
import { deterministic, genesisId } from '../../src/state/determinism.js';
import { FolderNetwork } from '../../src/testing/index.js';
import { byEffort, EFFORT } from '../effort.js';
import { copy, dump, Shop } from './shop.js';
import { bytesOf } from './state-bytes.js';

const classes = new ClassTable(definitionOf(Shop));

const RUNS = byEffort({ quick: 100, ci: 500, deep: 20_000 });
const NAMES = ['a', 'b', 'c', 'c-d', 'e'];
const KEYS = ['apple', 'pear', '7', 'plum', 'fig'];
const START = Date.UTC(2026, 0, 1);

type Step = {
  kind: 'call' | 'fire' | 'sync' | 'deliver' | 'restart' | 'crash' | 'snapshot';
  who: number;
  what: number;
  detail: number;
};

const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.oneof(
    { weight: 10, arbitrary: fc.constant('call' as const) },
    { weight: 3, arbitrary: fc.constant('fire' as const) },
    { weight: 4, arbitrary: fc.constant('sync' as const) },
    { weight: 5, arbitrary: fc.constant('deliver' as const) },
    { weight: 1, arbitrary: fc.constant('restart' as const) },
    { weight: 1, arbitrary: fc.constant('crash' as const) },
    { weight: 1, arbitrary: fc.constant('snapshot' as const) },
  ),
  who: fc.nat(4),
  what: fc.nat(12),
  detail: fc.nat(99_999),
});

const schedule = fc.record({
  masters: fc.integer({ min: 2, max: 5 }),
  skew: fc.array(fc.integer({ min: -60_000, max: 60_000 }), { minLength: 5, maxLength: 5 }),
  seed: fc.nat(),
  undoMemory: fc.constantFrom(undefined, 2_000, 20_000),
  steps: fc.array(step, { minLength: 5, maxLength: 60 }),
});

/** Everything one schedule needs. */
class Run {
  readonly network: FolderNetwork;
  readonly masters: (Master<Shop> | undefined)[];
  readonly acknowledged = new Set<string>();
  readonly skew: number[];
  readonly undoMemory: number | undefined;
  #time = START;
  #random: number;
  #token = 0;

  constructor(masters: number, skew: number[], seed: number, undoMemory: number | undefined) {
    this.network = new FolderNetwork(NAMES.slice(0, masters));
    this.masters = new Array<undefined>(masters).fill(undefined);
    this.skew = skew;
    this.#random = seed % 2 ** 31;
    this.undoMemory = undoMemory;
  }

  async master(who: number): Promise<Master<Shop>> {
    const index = who % this.masters.length;
    return (this.masters[index] ??= await Master.open(Shop, {
      ...this.network.place(NAMES[index]!),
      check: 'none',
      now: () => Math.max(0, (this.#time += 7) + this.skew[index]!),
      random: () => this.random(),
      snapshotEvery: 25,
      ...(this.undoMemory === undefined ? {} : { undoMemory: this.undoMemory }),
    }));
  }

  random(): number {
    this.#random = (Math.imul(this.#random, 1103515245) + 12345) & 0x7fffffff;
    return this.#random / 2 ** 31;
  }

  async apply({ kind, who, what, detail }: Step): Promise<void> {
    const index = who % this.masters.length;
    const name = NAMES[index]!;
    if (kind === 'call') await this.call(await this.master(who), what, detail);
    else if (kind === 'fire') void this.call(await this.master(who), what, detail);
    else if (kind === 'sync') await (await this.master(who)).sync();
    else if (kind === 'snapshot') await this.snapshot(who, what, detail);
    else if (kind === 'deliver') this.deliver(name, NAMES[(index + 1 + what) % this.masters.length]!, detail);
    else if (kind === 'restart') {
      await this.masters[index]?.close();
      this.masters[index] = undefined;
      // Somebody sets the clock: it may step back behind what this master has issued.
      this.skew[index] = (detail % 120_000) - 60_000;
    } else {
      // The process is gone: nothing of it may touch the disk any more, and it is not closed.
      this.masters[index] = undefined;
      this.network.crash(name, () => this.random());
    }
  }

  async call(master: Master<Shop>, what: number, detail: number): Promise<void> {
    const token = `t${this.#token++}`;
    const key = KEYS[detail % KEYS.length]!;
    const made = master.transact((shop) => {
      if (what < 3) shop.put(token, key, detail % 4);
      else if (what < 5) shop.take(token, key);
      else if (what === 5) shop.tag(token, key);
      else if (what < 8) shop.price(token, key, detail % 3);
      else if (what === 8) shop.serve(token, detail);
      else if (what === 9) shop.clear(token, detail % 3);
      else shop.drop(token, key, detail % 3);
    });
    const kept = await made.then(
      () => true,
      () => false,
    );
    // A process that is gone acknowledges nothing any more.
    if (kept && this.masters.includes(master)) this.acknowledged.add(token);
  }

  /** A snapshot while a call is on its way to the disk; sometimes the power fails right after. */
  async snapshot(who: number, what: number, detail: number): Promise<void> {
    const master = await this.master(who);
    const taken = master.snapshot();
    for (let ticks = detail % 7; ticks > 0; ticks--) await Promise.resolve();
    void this.call(master, what, detail);
    await taken;
    if (detail % 3 === 0) await this.apply({ kind: 'crash', who, what, detail });
  }

  deliver(from: string, to: string, detail: number): void {
    if (from === to) return;
    const pending = this.network.pending(from, to);
    const path = pending[detail % Math.max(pending.length, 1)];
    // Journals may arrive in part; a frontier is one small file that arrives whole or torn.
    if (path !== undefined) this.network.deliver(from, to, path, detail % 5 === 0 ? this.random() : 1);
  }

  async settle(): Promise<Master<Shop>[]> {
    const all: Master<Shop>[] = [];
    for (let i = 0; i < this.masters.length; i++) all.push(await this.master(i));
    for (let round = 0; round < 3; round++) {
      for (const master of all) {
        const { held } = await master.sync();
        if (round === 2) expect(held).toEqual([]);
        this.network.deliverAll();
      }
    }
    return all;
  }
}

/** The oracle: all events sorted by id, folded from genesis on a plain instance that no master manages. */
function foldFromGenesis(events: readonly MergedEvent[]): { shop: Shop; rejected: string[] } {
  let shop = deterministic(genesisId('shop'), () => new Shop());
  const rejected: string[] = [];
  for (const event of [...events].sort((left, right) => (left.id < right.id ? -1 : 1))) {
    const next = Object.assign(Object.create(Shop.prototype) as Shop, copy(Object.fromEntries(Object.entries(shop))));
    try {
      const method = next[event.transaction as 'put'] as (...args: unknown[]) => unknown;
      deterministic(event.id, () => method.apply(next, [...event.args]));
      shop = next;
    } catch {
      rejected.push(event.id);
    }
  }
  return { shop, rejected };
}

async function check({
  masters,
  skew,
  seed,
  undoMemory,
  steps,
}: {
  masters: number;
  skew: number[];
  seed: number;
  undoMemory: number | undefined;
  steps: Step[];
}): Promise<void> {
  const run = new Run(masters, skew, seed, undoMemory);
  for (const one of steps) await run.apply(one);
  const all = await run.settle();
  const events: MergedEvent[] = [];
  for await (const event of all[0]!.events()) events.push(event);
  const oracle = foldFromGenesis(events);
  const expected = JSON.stringify(dump(oracle.shop));
  // What masters compare by the fingerprints of their snapshots.
  const bytes = bytesOf(oracle.shop, classes);
  for (const master of all) {
    expect(master.query((shop) => JSON.stringify(dump(shop)))).toBe(expected);
    expect(master.query((shop) => bytesOf(shop, classes))).toBe(bytes);
    expect(master.rejections().map(({ id }) => id)).toEqual(oracle.rejected);
  }
  const tokens = events.map(({ args }) => args[0] as string);
  expect(new Set(tokens).size).toBe(tokens.length);
  expect([...run.acknowledged].filter((token) => !tokens.includes(token))).toEqual([]);
  for (const master of all) await master.close();
}

test(`any schedule of calls, syncs, deliveries, restarts and crashes ends in one state (${RUNS} schedules)`, async () => {
  await fc.assert(fc.asyncProperty(schedule, check), {
    numRuns: RUNS,
    ...(EFFORT === 'deep' ? {} : { seed: 20260101 }),
  });
}, 7_200_000);
