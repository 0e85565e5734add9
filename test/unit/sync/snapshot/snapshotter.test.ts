import { Master, Prevalent, Transaction } from '../../../../src/index.js';
import type { Event } from '../../../../src/event/event.js';
import { streamKey } from '../../../../src/event/event.js';
import { definitionOf } from '../../../../src/model/prevalent.js';
import { decideOpening } from '../../../../src/protocol/opening.js';
import { resolveOptions } from '../../../../src/sync/options.js';
import { OwnStream } from '../../../../src/sync/own-stream.js';
import { Replica } from '../../../../src/replica/replica.js';
import { Snapshots } from '../../../../src/sync/snapshot/snapshots.js';
import { Snapshotter } from '../../../../src/sync/snapshot/snapshotter.js';
import type { Durability } from '../../../../src/store/group-commit.js';
import type { Journal } from '../../../../src/store/store.js';
import { genesisBase } from '../../../../src/timeline/timeline.js';
import { FolderNetwork } from '../../../../src/testing/index.js';
import { graphText } from '../../../property/state-graph.js';

class Part {
  uses = 0;
  constructor(readonly name: string) {}
}

@Prevalent('snapshotter', { classes: [Part] })
class Workshop {
  readonly parts = new Map<string, Part>();
  readonly log: string[] = [];
  readonly tags = new Set<string>();

  @Transaction() stock(count: number): void {
    for (let i = 0; i < count; i++) this.parts.set(`part ${i}`, new Part(`part ${i}`));
  }

  @Transaction() use(index: number, word: string): void {
    const name = `part ${index % Math.max(this.parts.size, 1)}`;
    const part = this.parts.get(name);
    if (part === undefined) throw new Error(`no ${name}`);
    part.uses++;
    // Moves it to the end: the order of the Map is state as well.
    if (part.uses % 2 === 0) {
      this.parts.delete(name);
      this.parts.set(name, part);
    }
    this.log.push(word);
    if (!this.tags.delete(word)) this.tags.add(word);
  }
}

const EPOCH = '01HF7YAT00FQ2VRP41VVTGRSXB';
const COUNT = 3000;

/** One replica with a disk, and a clock that makes every slice of a snapshot as short as it can be. */
class Bench {
  readonly network = new FolderNetwork(['a']);
  readonly replica: Replica;
  readonly #options;
  journal!: Journal;
  own!: OwnStream;
  snapshots!: Snapshots;
  snapshotter!: Snapshotter;
  #time = Date.UTC(2026, 0, 1);
  #seq = 0;

  constructor(undoMemory?: number) {
    this.#options = resolveOptions({
      name: 'a',
      store: this.network.store('a'),
      now: () => (this.#time += 20),
      random: () => 0.5,
      ...(undoMemory === undefined ? {} : { undoMemory }),
    });
    this.replica = new Replica(definitionOf(Workshop), this.#options);
  }

  async open(durability: Durability = 'group'): Promise<this> {
    const store = this.network.store('a');
    const newEpoch = (): string => this.replica.clock.advance();
    this.journal = await store.open({
      master: 'a',
      model: 'snapshotter',
      local: '/local',
      newEpoch,
      decide: decideOpening,
    });
    const own = new OwnStream(store, this.journal, this.replica, {
      durability,
      recorded: () => undefined,
      putBack: () => undefined,
    });
    this.own = own;
    this.replica.attach(own);
    const { definition, classes, executor } = this.replica;
    this.snapshots = new Snapshots(store, own, { definition, classes, genesis: () => executor.genesis() });
    const { now } = this.#options;
    const around = {
      get now() {
        return now();
      },
      obeyed: undefined,
    };
    this.snapshotter = new Snapshotter(this.replica, this.snapshots, own, around);
    this.model.stock(COUNT);
    await own.settle();
    return this;
  }

  get model(): Workshop {
    return this.replica.executor.model as Workshop;
  }

  get state(): string {
    return graphText(this.replica.executor.raw);
  }

  get disk(): ReturnType<FolderNetwork['disk']> {
    return this.network.disk('a');
  }

  /** The next event of another master, at this time. */
  late(time: string, index: number): Event {
    const id = time.slice(0, 25) + String(++this.#seq % 10);
    const common = { master: 'b', epoch: EPOCH, model: 'snapshotter', txv: 1, meta: null };
    return { ...common, id, seq: this.#seq, tx: 'use', args: [index, 'late'] };
  }

  /** Calls `what` at the n-th write to a snapshot from now on. */
  atWrite(number: number, what: () => void): void {
    let writes = 0;
    this.disk.fault = (operation, path) => {
      if (operation === 'write' && path.includes('/snapshots/') && ++writes === number) what();
    };
  }

  files(): string[] {
    return this.disk.paths().filter((path) => path.includes('/snapshots/'));
  }

  async read(position: string): Promise<{ state: string; vector: Record<string, number>; seal: number | null }> {
    const { root, vector, seal } = await this.snapshots.read(this.journal.header, { position });
    return { state: graphText(root()), vector: Object.fromEntries(vector), seal };
  }
}

describe('a snapshot that is taken while the state goes on', () => {
  test('is of the moment when it was begun, whatever is called meanwhile', async () => {
    const bench = await new Bench().open();
    const { state } = bench;
    let turns = 0;
    const call = (): void => {
      if (!bench.snapshotter.busy) return;
      bench.model.use(turns * 7, `word ${turns % 5}`);
      turns++;
      setImmediate(call);
    };
    bench.atWrite(1, call);
    const taken = await bench.snapshotter.alone(() => bench.snapshotter.take(true));
    expect(turns).toBeGreaterThan(20);
    expect((await bench.read(taken!.position)).state).toBe(state);
    expect(bench.replica.query((model: Workshop) => model.log.length)).toBe(turns);
    expect(bench.replica.executor.membrane.beforeWrite).toBeUndefined();
  });

  test('with calls that are not durable yet: they are undone once, and come out the same', async () => {
    const bench = await new Bench().open('none');
    const { state } = bench;
    // Called when the snapshot has seen the disk settle and before it looks at the state.
    bench.disk.fault = (operation, path) => {
      if (operation !== 'readdir' || !path.endsWith('/snapshots')) return;
      bench.disk.fault = () => undefined;
      for (let i = 0; i < 50; i++) bench.model.use(i % 10, 'on its way');
    };
    const taken = await bench.snapshotter.take(true);
    expect((await bench.read(taken!.position)).state).toBe(state);
    expect(bench.replica.query((model: Workshop) => model.log.length)).toBe(50);
    const { vector } = await bench.read(taken!.position);
    expect(Object.values(vector)).toEqual([1]);
  });

  test('needs no undo data: the base may move past its position', async () => {
    const bench = await new Bench(20_000).open();
    for (let i = 0; i < 10; i++) bench.model.use(i, 'before');
    await bench.own.settle();
    const { state } = bench;
    const { end } = bench.replica.timeline;
    bench.atWrite(2, () => {
      for (let i = 0; i < 500; i++) bench.model.use(i, 'meanwhile');
    });
    const taken = await bench.snapshotter.take(true);
    expect(taken!.position).toBe(end);
    await bench.own.settle();
    bench.model.use(1, 'sheds');
    expect(bench.replica.timeline.base > taken!.position).toBe(true);
    expect((await bench.read(taken!.position)).state).toBe(state);
  });

  test('is begun again when a late event comes before its position', async () => {
    const bench = await new Bench().open();
    const first = bench.replica.timeline.end;
    bench.model.use(1, 'before');
    await bench.own.settle();
    bench.atWrite(2, () => bench.replica.merge([bench.late(`${first.slice(0, 24)}ZZ`, 5)]));
    const taken = await bench.snapshotter.take(true);
    expect(Object.fromEntries(taken!.vector)).toEqual({ [streamKey(bench.journal.header)]: 2, [`b@${EPOCH}`]: 1 });
    expect(await bench.read(taken!.position)).toMatchObject({ state: bench.state, seal: null });
    expect(bench.files()).toHaveLength(1);
  });

  test('again and again: in the end it is of the state without the late events', async () => {
    const bench = await new Bench().open();
    const first = bench.replica.timeline.end;
    bench.model.use(1, 'before');
    await bench.own.settle();
    const states: string[] = [];
    let begun = 0;
    bench.disk.fault = (operation, path) => {
      if (operation !== 'open' || !path.includes('/snapshots/')) return;
      states.push(bench.state);
      bench.replica.merge([bench.late(`${first.slice(0, 24)}ZZ`, ++begun)]);
    };
    const taken = await bench.snapshotter.take(true);
    expect(begun).toBe(3);
    expect((await bench.read(taken!.position)).state).toBe(states[2]);
    expect(bench.state).not.toBe(states[2]);
    expect(taken!.vector.get(`b@${EPOCH}`)).toBe(2);
  });

  test('a rebuild that replaces the state begins it again', async () => {
    const bench = await new Bench().open();
    const events = bench.replica.timeline.entries.map(({ event }) => event);
    const base = { ...genesisBase(), root: () => bench.replica.executor.genesis() };
    const late = { ...bench.late(events[0]!.id, 3), id: `${'0'.repeat(25)}1` };
    bench.atWrite(2, () => {
      bench.replica.rebuild(base, [late, ...events], undefined);
    });
    const taken = await bench.snapshotter.take(true);
    expect((await bench.read(taken!.position)).state).toBe(bench.state);
    expect(taken!.vector.get(`b@${EPOCH}`)).toBe(1);
  });

  test('a timeline that stops ends it', async () => {
    const bench = await new Bench().open();
    class Stop extends Error {}
    bench.atWrite(2, () => {
      bench.replica.timeline.stop(new Stop('stopped') as never);
    });
    await expect(bench.snapshotter.take(true)).rejects.toThrow('stopped');
    expect(bench.files()).toEqual([]);
    expect(bench.replica.executor.membrane.beforeWrite).toBeUndefined();
    await expect(bench.snapshotter.take(true)).rejects.toThrow('stopped');
  });

  test('a disk error at any write ends it, leaves the older one, and the next one succeeds', async () => {
    const bench = await new Bench().open();
    const older = await bench.snapshotter.take(true);
    const before = await bench.read(older!.position);
    for (let number = 1; number <= 4; number++) {
      bench.model.use(number, 'more');
      bench.atWrite(number, () => {
        bench.model.use(number, 'at the last moment');
        throw Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' });
      });
      await expect(bench.snapshotter.take(true)).rejects.toMatchObject({ code: 'ENOSPC' });
      expect(bench.files()).toHaveLength(1);
      expect(await bench.read(older!.position)).toEqual(before);
      expect(bench.replica.executor.membrane.beforeWrite).toBeUndefined();
    }
    bench.disk.fault = () => undefined;
    const newer = await bench.snapshotter.take(true);
    expect((await bench.read(newer!.position)).state).toBe(bench.state);
  });

  test('what no snapshot can carry is refused, and nothing is left of the attempt', async () => {
    const bench = await new Bench().open();
    (bench.replica.executor.raw as { log: unknown[] }).log.push(() => 1);
    await expect(bench.snapshotter.alone(() => bench.snapshotter.take(true))).rejects.toMatchObject({
      code: 'UNSUPPORTED_STATE',
    });
    expect(bench.files()).toEqual([]);
    expect(bench.snapshotter.busy).toBe(false);
  });

  test('several at once are taken one after the other', async () => {
    const bench = await new Bench().open();
    const taken = await Promise.all([1, 2, 3].map(() => bench.snapshotter.alone(() => bench.snapshotter.take(true))));
    expect(new Set(taken.map((one) => one!.fingerprint)).size).toBe(1);
    expect(await bench.snapshotter.take(false)).toBeUndefined();
  });
});

describe('a snapshot at a given moment', () => {
  async function withTail(): Promise<{ bench: Bench; states: Map<string, string> }> {
    const bench = await new Bench().open();
    const states = new Map([[bench.replica.timeline.end, bench.state]]);
    for (let i = 0; i < 20; i++) {
      bench.model.use(i * 3, `word ${i % 3}`);
      states.set(bench.replica.timeline.end, bench.state);
    }
    await bench.own.settle();
    return { bench, states };
  }

  test('is of the state then, between events as well as at one, and carries the seal', async () => {
    const { bench, states } = await withTail();
    const now = bench.state;
    let seal = 0;
    for (const [id, state] of [...states].filter((_, index) => index % 6 === 0)) {
      for (const position of [id, `${id.slice(0, 25)}Z`]) {
        const vector = bench.replica.timeline.vectorAt(position);
        const taken = await bench.snapshotter.takeAt({ position, vector, seal: ++seal });
        expect(await bench.read(position)).toEqual({ state, seal, vector: Object.fromEntries(vector) });
        const [file] = bench.files().filter((path) => path.includes(position));
        expect(taken).toMatchObject({ position, bytes: bench.disk.peek(file!)!.length });
      }
    }
    expect(bench.state).toBe(now);
  });

  test('has the fingerprint of that state, on every master that has the same events', async () => {
    const { bench, states } = await withTail();
    const other = await withTail();
    const [position] = [...states.keys()].slice(-5);
    const vector = bench.replica.timeline.vectorAt(position!);
    const one = await bench.snapshotter.takeAt({ position: position!, vector, seal: 1 });
    bench.model.use(1, 'later');
    const again = await bench.snapshotter.takeAt({ position: position!, vector, seal: 1 });
    const there = await other.bench.snapshotter.takeAt({ position: position!, vector, seal: 2 });
    expect(new Set([one, again, there].map(({ fingerprint }) => fingerprint)).size).toBe(1);
    const next = await bench.snapshotter.take(true);
    expect(next!.fingerprint).not.toBe(one.fingerprint);
  });

  test('is refused before the base and for another vector', async () => {
    const { bench, states } = await withTail();
    const ids = [...states.keys()];
    const { timeline } = bench.replica;
    const vector = timeline.vectorAt(ids[9]!);
    const refused = bench.snapshotter.takeAt({ position: ids[10]!, vector, seal: 1 });
    await expect(refused).rejects.toThrow(/does not contain what the seal says/);
    timeline.advanceBase(ids[5]!);
    const behind = bench.snapshotter.takeAt({ position: ids[4]!, vector: timeline.vectorAt(ids[4]!), seal: 1 });
    await expect(behind).rejects.toThrow(/the base is/);
  });
});

test('closing in the middle waits for the snapshot, which is whole', async () => {
  const network = new FolderNetwork(['a']);
  let time = Date.UTC(2026, 0, 1);
  const now = (): number => (time += 20);
  const master = await Master.open(Workshop, { ...network.place('a'), now });
  master.model.stock(COUNT);
  const taking = master.snapshot();
  await master.close();
  await taking;
  expect(
    network
      .disk('a')
      .paths()
      .filter((path) => path.endsWith('.snapshot')),
  ).toHaveLength(1);
  const again = await Master.open(Workshop, { ...network.place('a'), now });
  expect(again.query(({ parts }) => parts.size)).toBe(COUNT);
  expect((await again.status()).notices).toEqual([]);
  await again.close();
});
