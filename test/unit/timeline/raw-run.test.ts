import { Prevalent, Transaction } from '../../../src/index.js';
import { CallCodec } from '../../../src/event/call-codec.js';
import type { Event } from '../../../src/event/envelope.js';
import { UlidClock } from '../../../src/event/ulid-clock.js';
import { ClassTable } from '../../../src/model/class-table.js';
import { definitionOf } from '../../../src/model/prevalent.js';
import { registry } from '../../../src/model/registry.js';
import { Executor } from '../../../src/state/executor.js';
import { CallFactory } from '../../../src/timeline/call-factory.js';
import { fold, type FoldOptions } from '../../../src/timeline/fold.js';
import { BEHIND_BASE, genesisBase, type Timeline } from '../../../src/timeline/timeline.js';

class Hidden {
  value = 1;
}

@Prevalent('raw-run')
class Tricky {
  seen = 0;
  flag = false;
  temp: unknown;
  readonly list = [3, 1, 2];
  readonly box = { items: [1] };
  readonly log: string[] = [];

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
    model: 'raw-run',
    tx,
    txv: 1,
    args: [],
    meta: null,
  }));
}

function build(
  list: readonly Event[],
  options: Partial<FoldOptions>,
  once = false,
): { timeline: Timeline; executor: Executor } {
  // As a master's replica does: calls of its own transactions run inline.
  const executor: Executor = new Executor(definition, classes, {
    call: (called, args, self) => {
      expect(registry.running).toBeDefined();
      return called.method.apply(self, args);
    },
  });
  let copies = 0;
  const root = (): object => {
    expect(++copies).toBeLessThanOrEqual(once ? 1 : 2);
    return executor.genesis();
  };
  const base = { ...genesisBase(), once, root };
  const timeline = fold(executor, calls, base, list, {
    undoMemory: { bytes: 1e9, keepAfter: () => undefined },
    ...options,
  });
  return { timeline, executor };
}

function run(list: readonly Event[], undoable: number, once = false): { state: string; rejected: string[] } {
  const { timeline, executor } = build(list, { undoable }, once);
  return { state: JSON.stringify(executor.raw), rejected: timeline.rejections().map(({ event }) => event.tx) };
}

describe('a raw run ends as a run under the membrane', () => {
  test.each([
    [['plain', 'plain', 'fails', 'plain']],
    [['raise', 'plain', 'fails', 'plain']],
    [['plain', 'raise', 'hidden', 'plain']],
    [['raise', 'passing', 'plain']],
    [['raise', 'freezes', 'plain']],
    [['raise', 'clones', 'plain', 'describes']],
    [['raise', 'promises', 'plain']],
    [['plain', 'stores', 'describes', 'plain']],
    [['stores', 'asks', 'drops', 'plain']],
    [['raise', 'fails', 'hidden', 'freezes', 'clones', 'promises', 'stores', 'describes', 'plain']],
  ])('%j', (names) => {
    const list = events(...names);
    expect(run(list, 0)).toEqual(run(list, list.length));
    // A state that is too large for a second copy is asked for once.
    expect(run(list, 0, true)).toEqual(run(list, list.length));
  });

  test('the watched functions are as before afterwards', () => {
    const watched = (): unknown[] => [
      Object.freeze,
      Object.defineProperty,
      Reflect.setPrototypeOf,
      ArrayBuffer.isView,
      structuredClone,
    ];
    const before = watched();
    run(events('raise', 'freezes', 'clones', 'asks'), 0);
    expect(watched()).toEqual(before);
    expect(new Uint8Array(2).buffer.byteLength).toBe(2);
  });
});

describe('final events', () => {
  const list = events('plain', 'raise', 'plain', 'plain');

  test('run without the membrane and keep nothing that undoes them', () => {
    const { timeline, executor } = build(list, { final: list[2]!.id });
    expect(timeline.base).toBe(list[2]!.id);
    expect(timeline.entries.map(({ event }) => event)).toEqual([list[3]]);
    expect(timeline.vectorAt(list[3]!.id)).toEqual(new Map([['a@01HF7YAT000000000000000000', 4]]));
    expect((executor.raw as Tricky).seen).toBe(3);
    expect(timeline.revise([], new Set([list[3]!.id]))).toEqual({ undone: 1, replayed: 0 });
    expect((executor.raw as Tricky).seen).toBe(2);
    expect(timeline.revise([], new Set([list[2]!.id]))).toBe(BEHIND_BASE);
  });

  test('all of them, or none', () => {
    const all = build(list, { final: list[3]!.id }).timeline;
    expect([all.base, all.end, all.entries, all.undoBytes]).toEqual([list[3]!.id, list[3]!.id, [], 0]);
    expect(build(list, { final: genesisBase().position }).timeline.entries).toHaveLength(4);
  });

  test('keep nothing either where they had to run under the membrane', () => {
    const refused = events('raise', 'fails', 'plain', 'plain');
    const { timeline, executor } = build(refused, { final: refused[2]!.id });
    expect(timeline.base).toBe(refused[2]!.id);
    expect(timeline.entries.map(({ event }) => event)).toEqual([refused[3]]);
    expect(timeline.rejections().map(({ event }) => event)).toEqual([refused[1]]);
    expect((executor.raw as Tricky).seen).toBe(2);
  });
});
