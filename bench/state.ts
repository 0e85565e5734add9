/** What a state of many objects costs: to change it, to replay it, to take late events into it, to read it. */
import { strict as assert } from 'node:assert';
import { crc32 } from 'node:zlib';
import { enableMapSet, produce } from 'immer';
import { create } from 'mutative';
import { type Event, eventKey } from '../src/event/event.js';
import { LineReader } from '../src/event/line-reader.js';
import { type DeepReadonly, Master, MemoryStore } from '../src/index.js';
import { BEHIND_BASE, type Timeline } from '../src/timeline/timeline.js';
import { Board, filledBoard, scatteredIds, type Task, taskId } from './board.js';
import {
  type Contender,
  duration,
  measure,
  printTable,
  printTarget,
  printTimings,
  ratio,
  type Timing,
} from './harness.js';
import { longLists } from './lists.js';
import { memoryOfEvents } from './memory.js';
import { Workshop } from './workshop.js';

/** Calls between two waits for the store, as in one turn of a busy server. */
const TURN = 1_000;

const PARTS = {
  transaction: smallTransaction,
  immutable: nextState,
  replay: replayOfFinalEvents,
  late: lateEvents,
  read: reading,
  deletes: rewindOverDeletes,
  lists: longLists,
  memory: memoryOfEvents,
} as const;

/** Runs the parts named, all if none is. */
export async function benchState(quick: boolean, names: readonly string[]): Promise<void> {
  for (const [name, part] of Object.entries(PARTS)) if (names.length === 0 || names.includes(name)) await part(quick);
}

export const STATE_PARTS: readonly string[] = Object.keys(PARTS);

/** A master whose disk is memory and whose snapshots nobody waits for. */
async function openBoard(entries: number): Promise<Master<Board>> {
  const master = await Master.open(Board, { name: 'bench', store: new MemoryStore(), snapshotEvery: 1e9 });
  await master.transact((board) => board.fill(entries));
  // A served model has met all its objects.
  for (const task of master.model.tasks.values()) assert(!task.done);
  return master;
}

async function toggleAll(
  { model, durable }: { model: DeepReadonly<Board>; durable: () => Promise<void> },
  ids: readonly string[],
): Promise<void> {
  for (let from = 0; from < ids.length; from += TURN) {
    for (let at = from; at < from + TURN && at < ids.length; at++) model.toggle(ids[at]!);
    await durable();
  }
}

async function smallTransaction(quick: boolean): Promise<void> {
  // In the small one all is in the processor's caches, so that nothing hides behind waiting for memory.
  for (const entries of [1_000, quick ? 10_000 : 100_000]) await smallTransactionAmong(entries, quick);
}

async function smallTransactionAmong(entries: number, quick: boolean): Promise<void> {
  const ids = scatteredIds(quick ? 10_000 : 20_000, entries);
  const master = await openBoard(entries);
  const guarded = { model: master.model, durable: () => master.durable() };
  const raw = filledBoard(entries);
  const workshop = new Workshop(filledBoard(entries));
  const calls = workshop.ready(workshop.events('toggle', ids));
  const timings = await measure(15, [
    {
      name: 'raw call',
      operations: ids.length,
      run: () => {
        workshop.runRaw(calls, raw);
      },
    },
    {
      name: 'membrane and undo record',
      operations: ids.length,
      run: () => {
        for (const call of calls) workshop.executor.apply(call);
      },
    },
    { name: 'model.toggle(), journalled in memory', operations: ids.length, run: () => toggleAll(guarded, ids) },
  ]);
  await master.close();
  const [plain, membrane, whole] = timings as [Timing, Timing, Timing];
  printTimings(`Small transaction: one of ${entries} Map entries and a counter`, timings, plain);
  printTarget({
    what: 'model.toggle()',
    value: 1e9 / whole.median,
    unit: '/s',
    atLeast: true,
    target: 200_000,
    goal: 300_000,
  });
  printTarget({ what: 'membrane to raw call', value: ratio(membrane, plain), unit: 'x', target: 20, goal: 12 });
  printTarget({ what: 'model.toggle() to raw call', value: ratio(whole, plain), unit: 'x', target: 8, goal: 6 });
}

async function nextState(quick: boolean): Promise<void> {
  const entries = quick ? 10_000 : 100_000;
  const copies = quick ? 5 : 20;
  const ids = scatteredIds(quick ? 10_000 : 20_000, entries);
  const master = await openBoard(entries);
  const guarded = { model: master.model, durable: () => master.durable() };
  // Plain objects, which these libraries take without being told to.
  const plainState = (): { tasks: Map<string, { id: string; title: string; done: boolean }>; toggles: number } => ({
    tasks: new Map(
      [...filledBoard(entries).tasks].map(([id, task]) => [id, { id, title: task.title, done: task.done }]),
    ),
    toggles: 0,
  });
  let ofImmer = plainState();
  let ofMutative = plainState();
  const copied = plainState();
  type State = typeof copied;
  const toggle = (state: State, id: string): void => {
    const task = state.tasks.get(id)!;
    task.done = !task.done;
    state.toggles++;
  };
  enableMapSet();
  const each = (step: (id: string) => void) => (): void => {
    for (let index = 0; index < copies; index++) step(ids[index]!);
  };
  const timings = await measure(5, [
    { name: 'model.toggle()', operations: ids.length, run: () => toggleAll(guarded, ids) },
    {
      name: 'immer produce',
      operations: copies,
      run: each((id) => {
        ofImmer = produce(ofImmer, (draft) => {
          toggle(draft, id);
        });
      }),
    },
    {
      name: 'mutative create',
      operations: copies,
      run: each((id) => {
        ofMutative = create(ofMutative, (draft) => {
          toggle(draft, id);
        });
      }),
    },
    {
      name: 'structuredClone',
      operations: 1,
      run: () => {
        toggle(structuredClone(copied), ids[0]!);
      },
    },
  ]);
  await master.close();
  const [ours, immer, mutative] = timings as [Timing, Timing, Timing, Timing];
  printTimings(`Next state of a Map of ${entries}; ours journalled, theirs in memory only`, timings, ours);
  const factor = { unit: 'x', atLeast: true, target: 1_000 };
  printTarget({ what: 'faster than immer', value: ratio(immer, ours), ...factor });
  printTarget({ what: 'faster than mutative', value: ratio(mutative, ours), ...factor });
}

async function replayOfFinalEvents(quick: boolean): Promise<void> {
  const count = quick ? 20_000 : 100_000;
  for (const entries of [1_000, quick ? 10_000 : 100_000]) {
    const root = filledBoard(entries);
    const workshop = new Workshop(root);
    const events = workshop.events('toggle', scatteredIds(count, entries));
    const lines = workshop.lines(events);
    const calls = workshop.ready(events);
    const read = (): Event[] => {
      const reader = new LineReader(crc32);
      return lines.map((line) => {
        const parsed = reader.read(line);
        assert(parsed.kind === 'event');
        return parsed.event;
      });
    };
    const timings = await measure(9, [
      { name: 'JSON.parse', operations: count, run: () => lines.map((line) => JSON.parse(line) as unknown) },
      {
        name: 'raw calls alone',
        operations: count,
        run: () => {
          workshop.runRaw(calls, root);
        },
      },
      { name: 'check and parse alone', operations: count, run: read },
      { name: 'decode and run alone', operations: count, run: () => workshop.fold(root, events, 0) },
      { name: 'replay: both', operations: count, run: () => workshop.fold(root, read(), 0) },
    ]);
    const [parse, , , , replay] = timings as [Timing, Timing, Timing, Timing, Timing];
    printTimings(
      `Replay of ${count} final events, ${lines[0]!.length} bytes each, on a Map of ${entries}`,
      timings,
      parse,
    );
    const rate = { unit: '/s', atLeast: true, target: 300_000, goal: 450_000 };
    printTarget({ what: 'replay', value: 1e9 / replay.median, ...rate });
    printTarget({ what: 'replay to JSON.parse', value: ratio(replay, parse), unit: 'x', target: 3.5 });
  }
}

async function lateEvents(quick: boolean): Promise<void> {
  const tail = quick ? 1_000 : 10_000;
  const sizes = [1_000, quick ? 100_000 : 1_000_000];
  const timings = await measure(
    7,
    sizes.flatMap((entries) => lateContenders(tail, entries)),
  );
  const [scratch, small, scratchOfLarge, large] = timings as [Timing, Timing, Timing, Timing];
  printTimings(`${tail} late events spread through a tail of ${tail}`, timings, scratch);
  const factor = { unit: 'x', target: 3 };
  printTarget({ what: 'late merge to replay from scratch, small state', value: ratio(small, scratch), ...factor });
  printTarget({ what: 'the same, large state', value: ratio(large, scratchOfLarge), ...factor });
  printTarget({ what: 'late merge, large state to small', value: ratio(large, small), unit: 'x', target: 1.5 });
}

function lateContenders(tail: number, entries: number): Contender[] {
  const root = filledBoard(entries);
  const workshop = new Workshop(root);
  // The same number of objects is touched whatever the size of the state.
  const touched = scatteredIds(1_000, entries);
  const ids = Array.from({ length: 2 * tail }, (_, index) => touched[index % touched.length]!);
  const all = workshop.events('toggle', ids, ['early', 'late']);
  const late = all.filter(({ master }) => master === 'late');
  const early = all.filter(({ master }) => master === 'early');
  const everything = new Set(all.map(eventKey));
  let timeline: Timeline | undefined;
  const forget = (): void => {
    timeline?.revise([], everything);
    assert.equal(root.toggles, 0);
  };
  const begin = (events: readonly Event[]) => (): void => {
    timeline = workshop.fold(root, events, Infinity);
  };
  const revise = (events: readonly Event[]) => (): void => {
    const revision = timeline!.revise(events);
    assert(revision !== BEHIND_BASE && revision.replayed >= 2 * tail - 1);
    assert.equal(root.toggles, 2 * tail);
  };
  const name = (what: string): string => `${what}, state of ${entries}`;
  return [
    { name: name('from scratch'), operations: 1, prepare: begin([]), run: revise(all), restore: forget },
    { name: name('late merge'), operations: 1, prepare: begin(early), run: revise(late), restore: forget },
  ];
}

async function reading(quick: boolean): Promise<void> {
  const entries = quick ? 10_000 : 100_000;
  const ids = scatteredIds(entries, entries);
  const master = await openBoard(entries);
  const get = (board: DeepReadonly<Board>): number => {
    let sum = 0;
    for (const id of ids) {
      const task = board.tasks.get(id)!;
      sum += task.title.length + (task.done ? 1 : 0);
    }
    return sum;
  };
  const iterate = (board: DeepReadonly<Board>): number => {
    let sum = 0;
    for (const task of board.tasks.values()) sum += task.title.length + (task.done ? 1 : 0);
    return sum;
  };
  for (const [what, read] of [
    ['get by key', get],
    ['iterate values', iterate],
  ] as const) {
    const timings = await measure(9, [
      { name: 'query', operations: entries, run: () => master.query(read) },
      { name: 'model', operations: entries, run: () => read(master.model) },
    ]);
    const [raw, guarded] = timings as [Timing, Timing];
    printTimings(`Reading two fields of each of ${entries} entries: ${what}`, timings, raw);
    printTarget({ what: `model to query, ${what}`, value: ratio(guarded, raw), unit: 'x', target: 10 });
  }
  await master.close();
}

async function rewindOverDeletes(quick: boolean): Promise<void> {
  const entries = quick ? 100_000 : 1_000_000;
  const deletes = 1_000;
  const root = filledBoard(entries);
  const workshop = new Workshop(root);
  const ids = scatteredIds(deletes, entries);
  const events = workshop.events('remove', ids);
  const all = new Set(events.map(eventKey));
  const began = process.hrtime.bigint();
  let timeline = workshop.fold(root, events.slice(0, 1), Infinity);
  const first = Number(process.hrtime.bigint() - began);
  timeline.revise([], all);

  const plain = new Map(filledBoard(entries).tasks);
  const places = new Map([...plain.keys()].map((key, index) => [key, index]));
  const atEnd = new Map<string, Task>();
  const timings = await measure(5, [
    {
      name: 'sort and refill',
      operations: 1,
      prepare: () => {
        atEnd.clear();
        for (const id of ids) atEnd.set(id, plain.get(id)!);
        for (const id of ids) plain.delete(id);
        for (const [id, task] of atEnd) plain.set(id, task);
      },
      run: () => {
        const sorted = [...plain].map((entry) => ({ entry, place: places.get(entry[0])! }));
        sorted.sort((left, right) => left.place - right.place);
        plain.clear();
        for (const { entry } of sorted) plain.set(entry[0], entry[1]);
      },
      restore: () => {
        assert.equal(plain.keys().next().value, taskId(0));
      },
    },
    {
      name: 'rewind',
      operations: 1,
      prepare: () => {
        timeline = workshop.fold(root, events, Infinity);
        assert.equal(root.tasks.size, entries - deletes);
      },
      run: () => timeline.revise([], all),
      restore: () => {
        assert.equal(root.tasks.size, entries);
        assert.equal(root.tasks.keys().next().value, taskId(0));
      },
    },
  ]);
  const [sort] = timings as [Timing, Timing];
  printTimings(`Rewind over ${deletes} deletes in a Map of ${entries}, to one reordering of it`, timings, sort);
  printTable(
    'The first delete in that Map numbers all its keys, once',
    ['', 'took'],
    [['first delete', duration(first)]],
  );
}
