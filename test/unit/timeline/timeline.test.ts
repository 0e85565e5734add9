import 'reflect-metadata';
import fc from 'fast-check';
import { Prevalent, Transaction } from 'prevalent';
import { CallCodec } from '../../../src/event/call-codec.js';
import { type Event, type EventKey, eventKey } from '../../../src/event/event.js';
import { ClassTable } from '../../../src/model/class-table.js';
import { definitionOf } from '../../../src/model/prevalent.js';
import { Executor } from '../../../src/state/executor.js';
import { CallFactory } from '../../../src/timeline/call-factory.js';
import { weightOf } from '../../../src/timeline/entry.js';
import { BEHIND_BASE, genesisBase, Timeline } from '../../../src/timeline/timeline.js';

@Prevalent('timeline')
class Log {
  readonly seen: string[] = [];
  readonly open = new Map<string, number>();
  @Transaction() note(text: string): void {
    this.seen.push(text);
  }
  @Transaction() begin(key: string): void {
    this.seen.push(`begin ${key}`);
    this.open.set(key, Date.now());
  }
  @Transaction() end(key: string): void {
    this.seen.push(`end ${key}`);
    if (!this.open.delete(key)) throw new Error(`${key} is not open`);
  }
}

const definition = definitionOf(Log);
const EPOCH = '01HF7YAT00FQ2VRP41VVTGRSXB';
const idAt = (n: number): string => `01HF7YAT01${String(n).padStart(16, '0')}`;
const event = (n: number, tx: string, arg: string, master = 'one'): Event => ({
  id: idAt(n),
  master,
  epoch: EPOCH,
  seq: n,
  model: 'timeline',
  tx,
  txv: 1,
  args: [arg],
  meta: null,
});
const keyAt = (n: number): EventKey => eventKey(event(n, '', ''));

function make(
  bytes = Infinity,
  keepAfter: () => string | undefined = () => undefined,
): { timeline: Timeline; state: () => unknown; executor: Executor } {
  const classes = new ClassTable(definition);
  const executor = new Executor(definition, classes, { call: () => undefined });
  const calls = new CallFactory(definition, new CallCodec(definition, classes));
  const timeline = new Timeline(executor, calls, { bytes, keepAfter }, genesisBase());
  const state = (): unknown => {
    const { seen, open } = executor.raw as Log;
    return [[...seen], [...open]];
  };
  return { timeline, state, executor };
}

test('two streams with one id: the order is the same whichever came first, and each is dropped by itself', () => {
  const one = [event(1, 'note', 'one 1'), event(2, 'end', 'x'), event(3, 'note', 'one 3')];
  const two = [event(1, 'note', 'two 1', 'two'), event(2, 'end', 'y', 'two'), event(3, 'note', 'two 3', 'two')];
  const [first, second] = [make(), make()];
  first.timeline.revise(one);
  first.timeline.revise(two);
  second.timeline.revise(two);
  second.timeline.revise(one);
  const all = ['one 1', 'two 1', 'end x', 'end y', 'one 3', 'two 3'].filter((text) => !text.startsWith('end'));
  for (const { timeline, state } of [first, second]) {
    expect(state()).toEqual([all, []]);
    expect(timeline.rejections().map(({ event: { master } }) => master)).toEqual(['one', 'two']);
    expect(timeline.rejection(one[1]!)?.error).toContain('x is not open');
    expect(timeline.rejection(two[1]!)?.error).toContain('y is not open');
    timeline.revise([], new Set(two.slice(1).map(eventKey)));
    expect(state()).toEqual([['one 1', 'two 1', 'one 3'], []]);
    expect(timeline.rejections().map(({ event: { master } }) => master)).toEqual(['one']);
  }
});

test('late events are put in their places by one rewind', () => {
  const { timeline, state } = make();
  expect(timeline.revise([event(2, 'note', 'b'), event(4, 'note', 'd')])).toEqual({ undone: 0, replayed: 2 });
  expect(timeline.revise([event(1, 'note', 'a'), event(3, 'note', 'c'), event(5, 'note', 'e')])).toEqual({
    undone: 2,
    replayed: 5,
  });
  expect(state()).toEqual([['a', 'b', 'c', 'd', 'e'], []]);
  expect(timeline.revise([])).toEqual({ undone: 0, replayed: 0 });
  expect(timeline.end).toBe(idAt(5));
});

test('an event may be rejected, applied after a late one came, and rejected again', () => {
  const { timeline, state } = make();
  timeline.revise([event(5, 'end', 'x')]);
  expect(timeline.rejections().map(({ error }) => error)).toEqual(['Error: x is not open']);
  expect(state()).toEqual([[], []]);
  timeline.revise([event(3, 'begin', 'x')]);
  expect(timeline.rejections()).toEqual([]);
  expect(state()).toEqual([['begin x', 'end x'], []]);
  timeline.revise([event(4, 'end', 'x')]);
  expect(timeline.rejections().map(({ event: { id } }) => id)).toEqual([idAt(5)]);
  expect(timeline.rejection(event(5, 'end', 'x'))?.error).toContain('not open');
  // Taken out again, as after a refused disk.
  timeline.revise([], new Set([keyAt(4), keyAt(5)]));
  expect(timeline.rejections()).toEqual([]);
  expect(state()).toMatchObject([['begin x'], [['x', expect.any(Number)]]]);
});

test('events behind the base change nothing and are told', () => {
  const { timeline, state } = make();
  timeline.revise([1, 2, 3, 4].map((n) => event(n * 10, 'note', `${n}`)));
  timeline.advanceBase(idAt(25));
  expect(timeline.base).toBe(idAt(20));
  expect(timeline.entries).toHaveLength(2);
  for (const n of [5, 15, 20]) expect(timeline.revise([event(n, 'note', 'late')])).toBe(BEHIND_BASE);
  expect(state()).toEqual([['1', '2', '3', '4'], []]);
  timeline.revise([event(25, 'note', 'late')]);
  expect(state()).toEqual([['1', '2', 'late', '3', '4'], []]);
  expect(timeline.vectorAt(idAt(30))).toEqual(new Map([[`one@${EPOCH}`, 30]]));
});

test('undo memory is bounded, but what is not durable stays undoable', () => {
  const keep = { after: undefined as string | undefined };
  const { timeline, state } = make(2_000, () => keep.after);
  timeline.revise(Array.from({ length: 100 }, (_, i) => event(i + 1, 'note', `${i}`)));
  expect(timeline.undoBytes).toBeLessThanOrEqual(2_000);
  expect(timeline.base > idAt(0)).toBe(true);
  keep.after = timeline.end;
  timeline.revise(Array.from({ length: 100 }, (_, i) => event(i + 101, 'note', `${i}`)));
  expect(timeline.undoBytes).toBeGreaterThan(2_000);
  timeline.revise([], new Set(Array.from({ length: 100 }, (_, i) => keyAt(i + 101))));
  expect((state() as [string[]])[0]).toHaveLength(100);
});

test('a look at the past brings the present back', () => {
  const { timeline, state } = make();
  timeline.revise([event(1, 'begin', 'x'), event(2, 'end', 'x'), event(3, 'end', 'x')]);
  const now = state();
  expect(timeline.before(idAt(2), state)).toMatchObject([['begin x'], [['x', expect.any(Number)]]]);
  expect(state()).toEqual(now);
  expect(() =>
    timeline.before(idAt(1), () => {
      throw new Error('while looking');
    }),
  ).toThrow('while looking');
  expect(state()).toEqual(now);
  expect(timeline.rejections()).toHaveLength(1);
});

test('whatever the order of arrival and the memory, the state is the fold in the order of ids', () => {
  const arbitrary = fc.uniqueArray(
    fc.record({
      n: fc.integer({ min: 1, max: 60 }),
      tx: fc.constantFrom('note', 'begin', 'end'),
      arg: fc.constantFrom('x', 'y'),
    }),
    { selector: ({ n }) => n, maxLength: 25 },
  );
  fc.assert(
    fc.property(arbitrary, fc.array(fc.nat(4), { maxLength: 30 }), (events, cuts) => {
      const sorted = [...events].sort((left, right) => left.n - right.n).map(({ n, tx, arg }) => event(n, tx, arg));
      const oracle = make();
      oracle.timeline.revise(sorted);
      const { timeline, state } = make();
      const rest = events.map(({ n, tx, arg }) => event(n, tx, arg));
      for (let i = 0; rest.length > 0; i++)
        timeline.revise(rest.splice(0, (cuts[i] ?? 0) + 1).sort((left, right) => (left.id < right.id ? -1 : 1)));
      expect(state()).toEqual(oracle.state());
      expect(timeline.rejections().map(({ event: { id }, error }) => [id, error])).toEqual(
        oracle.timeline.rejections().map(({ event: { id }, error }) => [id, error]),
      );
      timeline.revise([], new Set(sorted.map(eventKey)));
      expect(state()).toEqual([[], []]);
      expect(timeline.undoBytes).toBe(0);
    }),
    { seed: 5, numRuns: 300 },
  );
});

test('the base moves at the cost of the events it passes, whatever follows them', () => {
  const { timeline } = make();
  const count = 5_000;
  let asked = 0;
  const counting = (n: number): Event => ({
    ...event(n, 'note', 'x'),
    get id() {
      asked++;
      return idAt(n);
    },
  });
  timeline.revise(Array.from({ length: count }, (_, i) => counting(i + 1)));
  asked = 0;
  for (let n = 1; n <= count; n++) timeline.advanceBase(idAt(n));
  expect(asked).toBeLessThanOrEqual(3 * count);
  expect([timeline.base, timeline.undoBytes, timeline.entries]).toEqual([idAt(count), 0, []]);
  expect(timeline.vectorAt(timeline.end)).toEqual(new Map([[`one@${EPOCH}`, count]]));
});

test('wherever the base moves, events, undo data and its bytes are exactly those after it', () => {
  const step = fc.record({ n: fc.integer({ min: 1, max: 80 }), master: fc.constantFrom('one', 'two') });
  const action = fc.oneof(
    fc.record({
      do: fc.constant('revise' as const),
      steps: fc.uniqueArray(step, { selector: ({ n }) => n, maxLength: 8 }),
    }),
    fc.record({ do: fc.constant('advance' as const), n: fc.integer({ min: 0, max: 90 }) }),
    fc.record({ do: fc.constant('drop' as const), n: fc.integer({ min: 1, max: 80 }) }),
  );
  fc.assert(
    fc.property(fc.array(action, { maxLength: 25 }), (actions) => {
      const { timeline, state } = make();
      const all = new Map<number, Event>();
      let base = 0;
      for (const one of actions) {
        if (one.do === 'advance') {
          timeline.advanceBase(idAt(one.n));
          base = Math.max(base, ...[...all.keys()].filter((n) => n <= one.n));
        } else if (one.do === 'drop') {
          const dropped = all.get(one.n);
          if (dropped === undefined) continue;
          const given = timeline.revise([], new Set([eventKey(dropped)]));
          expect(given === BEHIND_BASE).toBe(one.n <= base);
          if (given !== BEHIND_BASE) all.delete(one.n);
        } else {
          const added = one.steps.filter(({ n }) => n > base && !all.has(n)).sort((left, right) => left.n - right.n);
          for (const { n, master } of added) all.set(n, event(n, 'note', `${n}`, master));
          timeline.revise(added.map(({ n }) => all.get(n)!));
        }
        const after = [...all.keys()].filter((n) => n > base).sort((left, right) => left - right);
        expect(timeline.entries.map(({ event: { seq } }) => seq)).toEqual(after);
        expect(timeline.entries.every(({ undo }) => undo !== undefined)).toBe(true);
        expect(timeline.undoBytes).toBe(timeline.entries.reduce((sum, entry) => sum + weightOf(entry), 0));
        expect(timeline.base).toBe(base === 0 ? genesisBase().position : idAt(base));
      }
      const order = [...all.keys()].sort((left, right) => left - right);
      expect(state()).toEqual([order.map(String), []]);
      const vector = new Map<string, number>();
      for (const n of order) vector.set(`${all.get(n)!.master}@${EPOCH}`, n);
      expect(timeline.vectorAt(idAt(99))).toEqual(vector);
    }),
    { seed: 11, numRuns: 150 },
  );
});
