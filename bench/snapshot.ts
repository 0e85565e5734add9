/** What a snapshot costs: to write, to read, on the disk, and how long it stops the event loop while calls go on. */
import { strict as assert } from 'node:assert';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ClassTable } from '../src/model/class-table.js';
import { definitionOf } from '../src/model/prevalent.js';
import { decideOpening } from '../src/protocol/opening.js';
import { Master, MemoryStore } from '../src/index.js';
import { StateEncoder } from '../src/state/snapshot-encoder.js';
import { Snapshots } from '../src/sync/snapshot/snapshots.js';
import { Board, filledBoard, taskId } from './board.js';
import { collectGarbage, measure, printTable, printTarget, printTimings, ratio, spread } from './harness.js';
import { filledOrders, type Orders, plainOrders } from './orders.js';

/** One state, with its plain copy. */
interface Sample {
  readonly title: string;
  readonly root: object;
  readonly plain: unknown;
  readonly objects: number;
}

const PARTS = { codec: writeAndRead, stall: longestStall } as const;

/** Runs the parts named, all if none is. */
export async function benchSnapshot(quick: boolean, names: readonly string[]): Promise<void> {
  for (const [name, part] of Object.entries(PARTS)) if (names.length === 0 || names.includes(name)) await part(quick);
}

export const SNAPSHOT_PARTS: readonly string[] = Object.keys(PARTS);

async function writeAndRead(quick: boolean): Promise<void> {
  const size = quick ? 100_000 : 1_000_000;
  const board = filledBoard(size);
  const tasks = Array.from(board.tasks, ([id, task]) => [id, Object.assign({}, task)]);
  await compare({ title: 'tasks in one Map', root: board, plain: { tasks, toggles: 0 }, objects: size }, quick);
  const { model, objects } = filledOrders(size);
  await compare({ title: 'customers, orders and lines', root: model, plain: plainOrders(model), objects }, quick);
}

async function compare({ title, root, plain, objects }: Sample, quick: boolean): Promise<void> {
  const bench = await Bench.of(root);
  const json = JSON.stringify(plain);
  const rounds = quick ? 3 : 5;
  const [stringify, write] = await measure(rounds, [
    { name: 'JSON.stringify', operations: objects, run: () => JSON.stringify(plain) },
    { name: 'snapshot write', operations: objects, run: () => bench.write(root) },
  ]);
  printTimings(`Writing ${objects} objects: ${title}`, [stringify!, write!], stringify!);
  const [parse, read] = await measure(rounds, [
    { name: 'JSON.parse', operations: objects, run: () => JSON.parse(json) as unknown },
    { name: 'snapshot read', operations: objects, run: () => bench.read() },
  ]);
  printTimings(`Reading them`, [parse!, read!], parse!);
  printTarget({ what: 'write to JSON.stringify', value: ratio(write!, stringify!), unit: 'x', target: 3, goal: 1.5 });
  printTarget({ what: 'read to JSON.parse', value: ratio(read!, parse!), unit: 'x', target: 3, goal: 2 });
  printTarget({ what: 'size to JSON', value: bench.bytes / Buffer.byteLength(json), unit: 'x', target: 0.5 });
}

const POSITION = '01HF7YAT01003QQVXG0000000Z';

/** A store in memory with one snapshot. */
class Bench {
  bytes = 0;
  readonly #classes: ClassTable;
  readonly #snapshots: Snapshots;

  private constructor(classes: ClassTable, snapshots: Snapshots) {
    this.#classes = classes;
    this.#snapshots = snapshots;
  }

  static async of(root: object): Promise<Bench> {
    const definition = definitionOf(root.constructor as typeof Board | typeof Orders);
    const store = new MemoryStore();
    const newEpoch = (): string => POSITION;
    const journal = await store.open({
      master: 'a',
      model: definition.name,
      local: undefined,
      newEpoch,
      decide: decideOpening,
    });
    const classes = new ClassTable(definition);
    return new Bench(
      classes,
      new Snapshots(
        store,
        { journal, header: journal.header },
        { definition, classes, genesis: () => new definition.model() },
      ),
    );
  }

  async write(root: object): Promise<void> {
    const encoder = new StateEncoder(root, this.#classes);
    async function* chunks(): AsyncGenerator<Uint8Array> {
      while (!encoder.done) yield* encoder.advance(() => false);
    }
    const place = { position: POSITION, vector: new Map(), rejections: [], seal: null };
    ({ bytes: this.bytes } = await this.#snapshots.write(place, { chunks: chunks(), nodes: () => encoder.nodes }));
  }

  async read(): Promise<object> {
    return (await this.#snapshots.read(this.#snapshots.own, { position: POSITION })).root();
  }
}

/** Calls at every turn of the event loop, with and without a snapshot being written to the disk. */
async function longestStall(quick: boolean): Promise<void> {
  const size = quick ? 100_000 : 1_000_000;
  const folder = mkdtempSync(join(tmpdir(), 'prevalent-bench-'));
  try {
    const options = { name: 'bench', store: join(folder, 'shared'), local: join(folder, 'local'), snapshotEvery: 1e9 };
    const master = await Master.open(Board, options);
    await master.transact((board) => board.fill(size));
    const rows: string[][] = [];
    const longest: number[] = [];
    const longestBusy: number[] = [];
    for (let round = 0; round < (quick ? 2 : 5); round++) {
      const quiet = await turnsDuring(master, size, () => new Promise((resolve) => setTimeout(resolve, 2000)));
      const busy = await turnsDuring(master, size, () => master.snapshot());
      longest.push(longestOf(busy.gaps));
      longestBusy.push(longestOf(busy.busy));
      rows.push(['without', ...figures(quiet)], ['with a snapshot', ...figures(busy)]);
    }
    await master.close();
    printTable(
      `Turns of the event loop with a call in each, ${size} objects`,
      ['', 'took', 'turns', 'longest', 'of processor time', '99.9 %', 'median'],
      rows,
    );
    const bound = { unit: ' ms', target: 50 };
    printTarget({ what: 'longest stall (median of the rounds)', value: spread(longest).median, ...bound });
    printTarget({ what: 'longest stall in processor time', value: spread(longestBusy).median, ...bound });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

interface Turns {
  readonly ms: number;
  /** Ms from turn to turn. */
  readonly gaps: readonly number[];
  /** The same in time of the processor, where the system tells: what others do on the machine is not in it. */
  readonly busy: readonly number[];
}

/** Ms for which the main thread has had a processor; 0 where there is no such file. */
function processorTime(): number {
  try {
    return Number(readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'latin1').split(' ')[0]) / 1e6;
  } catch {
    return 0;
  }
}

async function turnsDuring(master: Master<Board>, size: number, work: () => Promise<unknown>): Promise<Turns> {
  collectGarbage();
  const gaps: number[] = [];
  const busy: number[] = [];
  let used = processorTime();
  const began = performance.now();
  let last = began;
  let running = true;
  const turn = (): void => {
    const now = performance.now();
    gaps.push(now - last);
    last = now;
    const uses = processorTime();
    busy.push(uses - used);
    used = uses;
    if (running) {
      master.model.toggle(taskId((gaps.length * 7919) % size));
      setImmediate(turn);
    }
  };
  setImmediate(turn);
  await work();
  running = false;
  assert(gaps.length > 0);
  return { ms: performance.now() - began, gaps, busy };
}

function figures({ ms, gaps, busy }: Turns): string[] {
  const sorted = [...gaps].sort((left, right) => left - right);
  const at = (share: number): string => `${sorted[Math.floor((sorted.length - 1) * share)]!.toFixed(2)} ms`;
  return [`${Math.round(ms)} ms`, String(gaps.length), at(1), `${longestOf(busy).toFixed(2)} ms`, at(0.999), at(0.5)];
}

function longestOf(times: readonly number[]): number {
  return times.reduce((longest, time) => Math.max(longest, time), 0);
}
