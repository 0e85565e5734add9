/** What must hold of the snapshots of any program's states. */
import { ClassTable } from '../../src/model/class-table.js';
import { definitionOf } from '../../src/model/prevalent.js';
import { deterministic } from '../../src/state/determinism.js';
import { type Applied, Executor } from '../../src/state/executor.js';
import { type Division, StateEncoder } from '../../src/state/snapshot-encoder.js';
import { bytesOf as stateBytes, throughSnapshot } from './state-bytes.js';
import { graphText, sameGraph } from './state-graph.js';
import { runSteps, type Step } from './state-program.js';
import { World } from './state-world.js';

const definition = definitionOf(World);
const transaction = definition.transactions.get('run')!;
const classes = new ClassTable(definition);

const idOf = (index: number): string => `01J0000000${String(index).padStart(16, '0')}`;

class Timeline {
  readonly executor = new Executor(definition, classes, {
    call: (called, args, self) => called.method.apply(self, args),
  });
  readonly kept: { index: number; steps: readonly Step[]; applied: Applied | undefined }[] = [];

  /** Runs a transaction; nothing stays of one that throws. */
  run(index: number, steps: readonly Step[]): boolean {
    const applied = this.#apply(index, steps);
    if (applied !== undefined) this.kept.push({ index, steps, applied });
    return applied !== undefined;
  }

  /** Takes back all but the first `count` transactions and runs them again, calling `between` where they are undone. */
  rewind(count: number, between: () => void = () => undefined): void {
    const tail = this.kept.slice(count);
    for (const one of [...tail].reverse()) this.executor.undo(one.applied!.undo);
    this.executor.endRewind();
    between();
    for (const one of tail) one.applied = this.#apply(one.index, one.steps);
  }

  #apply(index: number, steps: readonly Step[]): Applied | undefined {
    const id = idOf(index);
    const running = { id, time: 0, master: 'm', meta: null };
    try {
      return this.executor.apply({ definition: transaction, args: () => [steps], origin: id, transaction: running });
    } catch {
      // Taken back by the executor; state.test.ts looks at what is thrown.
      return undefined;
    }
  }
}

const SMALL: Division = { piece: 2, stride: 1 };

const bytesOf = (root: object, division?: Division): string => stateBytes(root, classes, division);
const decode = (root: object, division?: Division): object => throughSnapshot(root, classes, division);

/** The same transactions without a membrane; `undefined` if one of them throws where there is none. */
function runPlain(kept: Timeline['kept']): object | undefined {
  const world = deterministic(idOf(0), () => new World());
  try {
    for (const { index, steps } of kept) deterministic(idOf(index), () => runSteps(world, steps));
  } catch {
    return undefined;
  }
  return world;
}

/** Comes back; and has the same bytes however it was reached: at once, undone and run again, from its snapshot, run raw. */
export function checkRoundTrip(program: readonly (readonly Step[])[]): void {
  const timeline = new Timeline();
  const { executor } = timeline;
  program.forEach((steps, index) => timeline.run(index + 1, steps));
  const state = graphText(executor.raw);
  for (const division of [undefined, SMALL])
    sameGraph(graphText(decode(executor.raw, division)), state, 'a state back from its snapshot');
  const bytes = bytesOf(executor.raw);
  const restored = decode(executor.raw);
  expect(bytesOf(restored)).toBe(bytes);
  timeline.rewind(0);
  expect(bytesOf(executor.raw)).toBe(bytes);
  const half = timeline.kept.length >> 1;
  const fromSnapshot = new Timeline();
  timeline.rewind(half, () => {
    fromSnapshot.executor.replace(decode(executor.raw));
  });
  for (const { index, steps } of timeline.kept.slice(half)) fromSnapshot.run(index, steps);
  expect(bytesOf(fromSnapshot.executor.raw)).toBe(bytes);
  expect(bytesOf(executor.raw)).toBe(bytes);
  const plain = runPlain(timeline.kept);
  if (plain !== undefined && graphText(plain) === state) expect(bytesOf(plain)).toBe(bytes);
}

/** Goes on with the program while the state of a moment is encoded step by step: the bytes are those of that moment. */
export function checkSlices(program: readonly (readonly Step[])[], start: number, slices: readonly number[]): void {
  const timeline = new Timeline();
  const { executor } = timeline;
  const from = start % (program.length + 1);
  program.slice(0, from).forEach((steps, index) => timeline.run(index + 1, steps));
  const expected = bytesOf(executor.raw, SMALL);
  const encoder = new StateEncoder(executor.raw, classes, SMALL);
  executor.membrane.beforeWrite = (target) => {
    encoder.preserve(target);
  };
  let at = 0;
  const chunks: Uint8Array[] = [];
  const work = (): void => {
    let steps = slices[at++ % slices.length]!;
    chunks.push(...encoder.advance(() => steps-- <= 0));
  };
  work();
  program.slice(from).forEach((steps, index) => {
    timeline.run(from + index + 1, steps);
    work();
    // Also behind the moment: what is undone and run again (a late event there) changes nothing of what was there.
    timeline.rewind(slices[at % slices.length]! % (timeline.kept.length + 1), work);
    work();
  });
  while (!encoder.done) work();
  expect(Buffer.concat(chunks).toString('latin1')).toBe(expected);
}
