import { NonDeterministicTransactionError } from '../errors.js';
import { rawChanges } from './changes.js';
import type { Applied, Call, Executor } from './executor.js';
import { refuseShared } from './ownership.js';
import { compareRuns, type StateView, type Trace } from './replay-check.js';

interface Attempt extends Trace {
  readonly applied: Applied | undefined;
  readonly adopted: ReadonlySet<object>;
}

/** Somewhere else in the world, so that what depends on the machine's time zone shows. */
const OTHER_ZONES = ['Pacific/Kiritimati', 'America/Los_Angeles'];

/**
 * Runs a call, takes it back, and runs it again in another time zone; what differs is not deterministic.
 *
 * @param make makes the call with its own copy of the arguments
 * @throws NonDeterministicTransactionError (`NON_DETERMINISTIC_TRANSACTION`) naming the place that differs; errors of `Executor.apply`
 */
export function applyChecked(executor: Executor, make: () => Call): Applied {
  const call = make();
  const first = attempt(executor, call);
  if (first.applied !== undefined) {
    executor.undo(first.applied.undo);
    executor.settle();
  }
  const second = inOtherZone(() => attempt(executor, make()));
  try {
    refuseBrought(call.definition.name, first, second, executor);
    compareRuns(call.definition.name, first, second, viewOf(executor));
  } catch (error) {
    if (second.applied !== undefined) {
      executor.undo(second.applied.undo);
      executor.settle();
    }
    throw error;
  }
  if (second.applied === undefined) throw second.error;
  return second.applied;
}

/** What both runs made part of the state was made by neither. */
function refuseBrought(name: string, first: Attempt, second: Attempt, executor: Executor): void {
  for (const object of second.adopted) {
    if (!first.adopted.has(object)) continue;
    const path = executor.membrane.paths().path(object) ?? [];
    refuseShared(`${name}: ${pathText(path)}`, object, 'an object that the call did not make itself');
  }
}

function pathText(path: readonly unknown[]): string {
  return (
    path.map((part) => (typeof part === 'object' ? '[object]' : String(part as PropertyKey))).join('.') || 'the model'
  );
}

function attempt(executor: Executor, call: Call): Attempt {
  try {
    const applied = executor.apply(call);
    return {
      applied,
      changes: rawChanges(applied.undo.records()),
      result: applied.result,
      made: executor.membrane.made,
      adopted: executor.membrane.adopted,
      error: undefined,
    };
  } catch (error) {
    return {
      applied: undefined,
      changes: [],
      result: undefined,
      made: new Set(),
      adopted: new Set(),
      error: error ?? new NonDeterministicTransactionError('It threw nothing'),
    };
  }
}

function viewOf(executor: Executor): StateView {
  const { membrane } = executor;
  return {
    unwrap: (value) => membrane.unwrap(value),
    isStored: (value) => membrane.isStored(value),
    pathText: (target, key) => {
      const path = membrane.paths().path(target) ?? [target.constructor.name];
      return pathText([...path, ...key]);
    },
  };
}

function inOtherZone<T>(run: () => T): T {
  const { process } = globalThis as { process?: { env: Record<string, string | undefined> } };
  if (process === undefined) return run();
  const before = process.env.TZ;
  process.env.TZ = OTHER_ZONES.find((zone) => zone !== before) ?? '';
  try {
    return run();
  } finally {
    if (before === undefined) delete process.env.TZ;
    else process.env.TZ = before;
  }
}
