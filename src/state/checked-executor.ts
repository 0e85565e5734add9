import { withArticle } from '../article.js';
import { AsyncTransactionError, NonDeterministicTransactionError } from '../errors.js';
import { rawChanges } from './changes.js';
import { elsewhere, placesElsewhere } from './elsewhere.js';
import type { Applied, Call, Executor, Refused } from './executor.js';
import type { TransactionDefinition } from '../model/definition.js';
import { thoroughly } from '../event/brand.js';
import { probingForProxies } from '../model/foreign-proxy.js';
import { refuseCode } from './code-check.js';
import { noting } from './globals.js';
import type { Spoilt } from './guarded-values.js';
import { untilLater } from './later.js';
import { belongingTo, refuseShared } from './ownership.js';
import { describe } from './recorder.js';
import { compareRuns, type StateView, type Trace } from './replay-check.js';

interface Attempt {
  readonly outcome: Applied | Refused;
  readonly trace: Trace;
  /** What it made part of the state. */
  readonly adopted: ReadonlySet<object>;
  /** The error of a global that it used, whether or not it caught that. */
  readonly found: Error | undefined;
  readonly spoilt: Spoilt | undefined;
}

/**
 * Runs a call, takes it back, and runs it again at another time, in other time zones and locales; what differs is not deterministic.
 *
 * @param make makes the call with its own copy of the arguments
 * @throws NonDeterministicTransactionError (`NON_DETERMINISTIC_TRANSACTION`) naming the place that differs; errors of `Executor.apply`
 */
export function applyChecked(executor: Executor, make: () => Call): Applied {
  refuseCode(executor.membrane.classes);
  const call = make();
  const first = attempt(executor, call);
  let last = first;
  for (const place of placesElsewhere()) {
    takeBack(executor, last);
    refuseFound(last);
    refuseSpoilt(call.definition.name, last, executor);
    if (last === first && isNew(executor, call.definition)) untilLater();
    last = elsewhere(place, () => attempt(executor, make()));
    try {
      refuseFound(last);
      refuseSpoilt(call.definition.name, last, executor);
      refuseBrought(call.definition.name, first, last, executor);
      compareRuns(call.definition.name, first.trace, last.trace, viewOf(executor));
    } catch (error) {
      takeBack(executor, last);
      throw error;
    }
  }
  // Both threw the same; only the first has its frames.
  if (last.outcome.undo === undefined) throw first.outcome.thrown;
  return last.outcome;
}

/** So many calls of a transaction are run again at another time for certain; later ones are as the machine's speed has it. */
const FIRST_CALLS = 3;

const calls = new WeakMap<Executor, Map<TransactionDefinition, number>>();

function isNew(executor: Executor, definition: TransactionDefinition): boolean {
  const counts = calls.get(executor) ?? new Map<TransactionDefinition, number>();
  calls.set(executor, counts);
  const count = (counts.get(definition) ?? 0) + 1;
  counts.set(definition, count);
  return count <= FIRST_CALLS;
}

function refuseFound({ found, outcome: { thrown } }: Attempt): void {
  // A promise says more of the call than what was met while it was made.
  if (found !== undefined) throw thrown instanceof AsyncTransactionError ? thrown : found;
}

/** A value that is changed in place is not changed back, and the next run changes it once more. */
function refuseSpoilt(name: string, { spoilt }: Attempt, { membrane }: Executor): void {
  if (spoilt === undefined) return;
  const { value, before, after } = spoilt;
  throw new NonDeterministicTransactionError(
    `The transaction ${name} met ${withArticle(describe(value))} at ${pathText(membrane.paths().path(value) ?? [])} that was changed in place, by it or by what has read it before: it was ${before} and is ${after}. ` +
      'Values are not recorded when they change, and this one stays changed: open the master again. Assign a new value instead; if nothing was changed, encode depends on more than its value.',
  );
}

function takeBack(executor: Executor, { outcome }: Attempt): void {
  if (outcome.undo === undefined) return;
  executor.undo(outcome.undo);
  executor.endRewind();
}

/** What both runs made part of the state was made by neither. */
function refuseBrought(name: string, first: Attempt, second: Attempt, executor: Executor): void {
  const isBrought = belongingTo(first.adopted);
  for (const object of second.adopted) {
    if (!isBrought(object)) continue;
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
  const { values } = executor.membrane;
  values.watch();
  const { result: outcome, found } = noting(`The transaction ${call.definition.name}`, () =>
    thoroughly(() => probingForProxies(() => executor.attempt(call))),
  );
  const spoilt = values.spoilt();
  if (outcome.undo === undefined)
    return {
      outcome,
      trace: { changes: [], result: undefined, made: new Set(), error: outcome.error },
      adopted: new Set(),
      found,
      spoilt,
    };
  const { result, undo } = outcome;
  const { made, adopted } = executor.membrane;
  return {
    outcome,
    trace: { changes: rawChanges(undo.records()), result, made, error: undefined },
    adopted,
    found,
    spoilt,
  };
}

function viewOf(executor: Executor): StateView {
  const { membrane } = executor;
  return {
    unwrap: (value) => membrane.unwrap(value),
    valueText: (object) => membrane.values.textOf(object),
    isStored: (value) => membrane.isStored(value),
    pathText: (target, key) => {
      const path = membrane.paths().path(target) ?? [describe(target)];
      return pathText([...path, ...key]);
    },
  };
}
