import { Prevalent, Transaction } from '../../../src/index.js';
import { CallCodec } from '../../../src/event/call-codec.js';
import { type Event, eventKey } from '../../../src/event/event.js';
import { UlidClock } from '../../../src/event/ulid-clock.js';
import { ClassTable } from '../../../src/model/class-table.js';
import { definitionOf } from '../../../src/model/prevalent.js';
import { registry } from '../../../src/model/registry.js';
import { Executor } from '../../../src/state/executor.js';
import { CallFactory } from '../../../src/timeline/call-factory.js';
import { fold, type FoldOptions } from '../../../src/timeline/fold.js';
import { BEHIND_BASE, genesisBase, type Timeline } from '../../../src/timeline/timeline.js';
import { graphText } from '../../property/state-graph.js';

class Hidden {
  value = 1;
}

@Prevalent('fold')
class Tricky {
  seen = 0;
  flag = false;
  temp: unknown;
  readonly list = [3, 1, 2];
  readonly box = { items: [1] };
  readonly log: string[] = [];
  readonly places = new Map([
    ['a', 1],
    ['b', 2],
    ['c', 3],
  ]);

  @Transaction() raise(): void {
    this.flag = true;
  }
  @Transaction() plain(): void {
    this.seen++;
  }
  @Transaction() fails(): void {
    this.seen += 100;
    if (this.flag) throw new Error('half done');
  }
  @Transaction() hidden(): void {
    this.seen += 10;
    if (this.flag) this.temp = new Hidden();
  }
  @Transaction() passing(): void {
    this.seen += 10;
    if (!this.flag) return;
    this.temp = new Hidden();
    this.temp = () => 1;
    this.temp = undefined;
  }
  @Transaction() freezes(): void {
    this.seen += 10;
    if (this.flag) Object.freeze(this.box);
  }
  @Transaction() clones(): void {
    this.seen += 10;
    if (this.flag) this.temp = structuredClone(this.box);
  }
  @Transaction() removes(): void {
    this.places.delete('b');
    this.places.set('d', 4);
    if (this.flag) throw new Error('removed');
  }
  @Transaction() swaps(): void {
    this.places.delete('a');
    this.places.set('a', 1);
  }
  @Transaction() promises(): unknown {
    this.seen += 10;
    return this.flag ? Promise.resolve(1) : undefined;
  }
  @Transaction() describes(): void {
    this.log.push(Object.prototype.toString.call(this.temp ?? null), String(ArrayBuffer.isView(this.temp)));
  }
  @Transaction() stores(): void {
    this.temp = new Uint8Array(3);
  }
  @Transaction() asks(): void {
    if (ArrayBuffer.isView(this.temp)) this.seen += 1000;
  }
  @Transaction() drops(): void {
    this.temp = undefined;
  }
}

const definition = definitionOf(Tricky);
const classes = new ClassTable(definition);
const calls = new CallFactory(definition, new CallCodec(definition, classes));

function events(...names: string[]): Event[] {
  let random = 7;
  const clock = new UlidClock({
    now: () => 1_700_000_000_000,
    random: () => (random = (random * 16807) % 2147483647) / 2147483647,
    maxDrift: 1e9,
  });
  return names.map((tx, index) => ({
    id: clock.next(),
    master: 'a',
    epoch: '01HF7YAT000000000000000000',
    seq: index + 1,
    model: 'fold',
    tx,
    txv: 1,
    args: [],
    meta: null,
  }));
}

function build(list: readonly Event[], options: Partial<FoldOptions>): { timeline: Timeline; executor: Executor } {
  // As a master's replica does: calls of its own transactions run inline.
  const executor: Executor = new Executor(definition, classes, {
    call: (called, args, self) => {
      expect(registry.running).toBeDefined();
      return called.method.apply(self, args);
    },
  });
  let copies = 0;
  const root = (): object => {
    expect(++copies).toBe(1);
    return executor.genesis();
  };
  const timeline = fold(executor, calls, { ...genesisBase(), root }, list, {
    undoMemory: { bytes: 1e9, keepAfter: () => undefined },
    ...options,
  });
  return { timeline, executor };
}

function run(list: readonly Event[], undoable: number): { state: string; rejected: (string | undefined)[] } {
  const { timeline, executor } = build(list, { undoable });
  expect(timeline.entries).toHaveLength(Math.min(undoable, list.length));
  return {
    state: graphText(executor.raw),
    rejected: timeline.rejections().map(({ event, error }) => `${event.tx}: ${error}`),
  };
}

describe('events without undo logs end as events with them', () => {
  test.each([
    [['plain', 'plain', 'fails', 'plain']],
    [['raise', 'plain', 'fails', 'plain']],
    [['plain', 'raise', 'hidden', 'plain']],
    [['raise', 'hidden', 'drops', 'plain']],
    [['raise', 'passing', 'plain']],
    [['raise', 'freezes', 'plain']],
    [['raise', 'clones', 'plain', 'describes']],
    [['raise', 'promises', 'plain']],
    [['plain', 'stores', 'describes', 'plain']],
    [['stores', 'asks', 'drops', 'plain']],
    [['raise', 'removes', 'plain']],
    [['raise', 'fails', 'hidden', 'freezes', 'clones', 'promises', 'stores', 'describes', 'removes', 'plain']],
  ])('%j', (names) => {
    const list = events(...names);
    const expected = run(list, list.length);
    for (let undoable = 0; undoable < list.length; undoable++) expect(run(list, undoable)).toEqual(expected);
  });

  test('what a call that throws has deleted is back in its old place, also when places are not kept for later', () => {
    const { executor } = build(events('raise', 'removes'), { undoable: 0 });
    expect([...(executor.raw as Tricky).places.keys()]).toEqual(['a', 'b', 'c']);
  });
});

describe('final events', () => {
  const list = events('plain', 'raise', 'plain', 'plain');

  test('keep nothing that undoes them', () => {
    const { timeline, executor } = build(list, { final: list[2]!.id });
    expect(timeline.base).toBe(list[2]!.id);
    expect(timeline.entries.map(({ event }) => event)).toEqual([list[3]]);
    expect(timeline.vectorAt(list[3]!.id)).toEqual(new Map([['a@01HF7YAT000000000000000000', 4]]));
    expect((executor.raw as Tricky).seen).toBe(3);
    expect(timeline.revise([], new Set([eventKey(list[3]!)]))).toEqual({ undone: 1, replayed: 0 });
    expect((executor.raw as Tricky).seen).toBe(2);
    expect(timeline.revise([], new Set([eventKey(list[2]!)]))).toBe(BEHIND_BASE);
  });

  test('all of them, or none', () => {
    const all = build(list, { final: list[3]!.id }).timeline;
    expect([all.base, all.end, all.entries, all.undoBytes]).toEqual([list[3]!.id, list[3]!.id, [], 0]);
    expect(build(list, { final: genesisBase().position }).timeline.entries).toHaveLength(4);
  });

  test('those that are rejected among them stay rejected', () => {
    const refused = events('raise', 'fails', 'plain', 'plain');
    const { timeline, executor } = build(refused, { final: refused[2]!.id });
    expect(timeline.base).toBe(refused[2]!.id);
    expect(timeline.entries.map(({ event }) => event)).toEqual([refused[3]]);
    expect(timeline.rejections().map(({ event }) => event)).toEqual([refused[1]]);
    expect((executor.raw as Tricky).seen).toBe(2);
  });

  test('tell how many of them have run', () => {
    const told: number[] = [];
    const many = events(...Array.from({ length: 20_005 }, () => 'plain'));
    build(many, { undoable: 0, progress: (done) => told.push(done) });
    expect(told).toEqual([10_000, 20_000, 20_005]);
  });

  test('leave nothing to be told from places that a deleted key had', () => {
    const { executor, timeline } = build(events('swaps', 'swaps'), { undoable: 0 });
    expect(executor.membrane.orders.entries.tracks((executor.raw as Tricky).places)).toBe(false);
    expect(timeline.undoBytes).toBe(0);
  });
});
