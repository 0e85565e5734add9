/** Random programs run on a plain instance and through the membrane: state, results and errors agree, and undo is exact. */
import fc from 'fast-check';
import { PrevalentError } from '../../src/errors.js';
import { ClassTable } from '../../src/model/class-table.js';
import { definitionOf } from '../../src/model/prevalent.js';
import { deterministic } from '../../src/state/determinism.js';
import { type Applied, Executor } from '../../src/state/executor.js';
import { byEffort } from '../effort.js';
import { graphOf, graphText, sameGraph } from './state-graph.js';
import { errorText, programs, runSteps, type Step } from './state-program.js';
import { World } from './state-world.js';

const RUNS = byEffort({ quick: 500, ci: 2_000, deep: 200_000 });
const PART = 2_000;

const definition = definitionOf(World);
const transaction = definition.transactions.get('run')!;

const idOf = (index: number): string => `01J0000000${String(index).padStart(16, '0')}`;

function newExecutor(): Executor {
  return new Executor(definition, new ClassTable(definition), {
    call: (called, args, self) => called.method.apply(self, args),
  });
}

function applyTo(executor: Executor, index: number, steps: readonly Step[]): Applied {
  const id = idOf(index);
  const running = { id, time: 0, master: 'm', meta: null };
  return executor.apply({ definition: transaction, args: () => [steps], origin: id, transaction: running });
}

/** The same model without any membrane. A transaction that throws leaves it half changed: it is then built anew. */
class Twin {
  world = deterministic(idOf(0), () => new World());
  readonly #done: { index: number; steps: readonly Step[] }[] = [];

  run(index: number, steps: readonly Step[]): unknown {
    const result = deterministic(idOf(index), () => runSteps(this.world, steps));
    this.#done.push({ index, steps });
    return result;
  }

  rebuild(): void {
    this.world = deterministic(idOf(0), () => new World());
    for (const { index, steps } of this.#done.splice(0)) this.run(index, steps);
  }
}

/** What a call gave, as text: its result beside the state, or its error. */
function outcome(model: () => object, call: () => unknown): { text: string; error?: unknown } {
  try {
    const result = call();
    return { text: graphText(model(), result) };
  } catch (error) {
    return { text: errorText(error), error };
  }
}

/** Runs one program both ways, then takes it back and runs it again. */
export function check(program: readonly (readonly Step[])[]): void {
  const executor = newExecutor();
  const twin = new Twin();
  const states = [graphText(executor.raw)];
  const kept: { index: number; steps: readonly Step[]; applied: Applied }[] = [];
  program.forEach((steps, index) => {
    let applied: Applied | undefined;
    const before = states[states.length - 1];
    const guarded = outcome(
      () => executor.model,
      () => (applied = applyTo(executor, index + 1, steps)).result,
    );
    // What cannot be undone or stored is refused, and leaves no trace.
    const refused = guarded.error instanceof PrevalentError;
    if (!refused) {
      const plain = outcome(
        () => twin.world,
        () => twin.run(index + 1, steps),
      );
      if (guarded.text !== plain.text && guarded.error !== undefined) throw guarded.error;
      sameGraph(guarded.text, plain.text, 'outcome of a transaction');
    }
    if (applied === undefined) {
      twin.rebuild();
      sameGraph(graphText(executor.raw), before!, 'after a transaction that threw');
      return;
    }
    kept.push({ index: index + 1, steps, applied });
    const after = graphOf(executor.raw);
    for (const object of after.objects) if (executor.membrane.isProxy(object)) throw new Error('a proxy was stored');
    states.push(after.text);
  });
  sameGraph(states[states.length - 1]!, graphText(twin.world), 'state after all transactions');
  rewindAndReplay(executor, kept, states);
}

function rewindAndReplay(
  executor: Executor,
  kept: { index: number; steps: readonly Step[]; applied: Applied }[],
  states: readonly string[],
): void {
  for (let i = kept.length - 1; i >= 0; i--) {
    executor.undo(kept[i]!.applied.undo);
    executor.endRewind();
    sameGraph(graphText(executor.raw), states[i]!, 'state after an undo');
  }
  const redo = (): void => {
    for (const one of kept) one.applied = applyTo(executor, one.index, one.steps);
    sameGraph(graphText(executor.raw), states[states.length - 1]!, 'state after a redo');
  };
  redo();
  // The same in one rewind, which is settled once at its end.
  for (let i = kept.length - 1; i >= 0; i--) executor.undo(kept[i]!.applied.undo);
  executor.endRewind();
  sameGraph(graphText(executor.raw), states[0]!, 'state after a whole rewind');
  redo();
}

test(
  `${RUNS} random programs do the same on a plain object and through the membrane, and are undone exactly`,
  async () => {
    // In parts, each with a seed of its own, because a single long run of fast-check takes ever more memory.
    const first = fc.sample(fc.integer({ min: 1, max: 2 ** 30 }), 1)[0]!;
    for (let part = 0; part * PART < RUNS; part++) {
      fc.assert(fc.property(programs, check), { numRuns: Math.min(PART, RUNS), seed: first + part });
      // What a weak reference has given stays alive until the turn ends.
      await new Promise((resolve) => setImmediate(resolve));
    }
  },
  3 * 3_600_000,
);
