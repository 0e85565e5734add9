import { NonDeterministicTransactionError } from '../errors.js';
import type { ClassTable } from '../model/class-table.js';
import { audit } from './audit.js';
import { elsewhere, placesElsewhere } from './elsewhere.js';
import { noting } from './globals.js';
import type { GuardedValues } from './guarded-values.js';
import { untilLater } from './later.js';
import { enterAll, reachable, refuseSharedGenesis } from './ownership.js';
import { describe } from './recorder.js';
import { differenceOf, shownValue } from './replay-check.js';

/** What makes new models of one class, and what is known of these. */
export interface Maker {
  readonly name: string;
  /** Makes a new model under the clock and the randomness of a genesis. */
  readonly make: () => object;
  readonly classes: ClassTable;
  readonly values: GuardedValues;
}

/**
 * A new model, as it is before any event. It is made more than once and compared: masters and restarts begin with one each, and
 * these have to be alike.
 *
 * @param check makes it also in other time zones and locales and at another time, and finds what it uses of the world
 * @throws what the constructor throws, the errors of `audit`, SharedStateError (`SHARED_STATE`),
 * NonDeterministicTransactionError (`NON_DETERMINISTIC_TRANSACTION`)
 */
export function newModel(maker: Maker, check: boolean): object {
  const { make, classes } = maker;
  const isWhole = (object: object): boolean => classes.isWhole(object);
  const first = check ? noted(maker) : make();
  const objects = audit(first, classes);
  const others = check ? madeElsewhere(maker) : [make()];
  for (const other of others) {
    const theirs = reachable(other, isWhole);
    refuseSharedGenesis(objects, theirs, other);
    refuseDifference(first, other, objects, theirs, maker);
  }
  enterAll(objects);
  return first;
}

function madeElsewhere(maker: Maker): object[] {
  untilLater();
  return placesElsewhere().map((place) => elsewhere(place, () => noted(maker)));
}

/** @throws NonDeterministicTransactionError (`NON_DETERMINISTIC_TRANSACTION`) for a global that it used, whether or not it caught that */
function noted({ name, make }: Maker): object {
  let caught: unknown;
  const { result, found } = noting(`The constructor of ${name}`, () => {
    try {
      return make();
    } catch (error) {
      caught = error;
      return undefined;
    }
  });
  if (found !== undefined) throw found;
  if (result === undefined) throw caught;
  return result;
}

function refuseDifference(
  first: object,
  other: object,
  mine: ReadonlySet<object>,
  theirs: ReadonlySet<object>,
  maker: Maker,
): void {
  const difference = differenceOf(first, other, mine, theirs, {
    unwrap: (value) => value,
    isStored: () => false,
    valueText: (object) => maker.values.textOf(object),
  });
  if (difference === undefined) return;
  const { path, left, right } = difference;
  throw new NonDeterministicTransactionError(
    `New models of the class ${describe(first)} differ: made twice, ${path.join('.')} is ${shownValue(left)} and then ${shownValue(right)}, so that every start and every master would begin with another. ` +
      'Use Date, Math.random and crypto as globals in the constructor and in fields, or set the field in a transaction.',
  );
}
