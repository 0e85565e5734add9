import { SnapshotDamagedError } from '../errors.js';
import { emptyViewOf } from '../event/binary.js';
import { type ClassTable, undeclaredClass } from '../model/class-table.js';
import { decodeValue } from '../event/value-text.js';
import { undeclared } from '../model/constants.js';
import { undeclaredValue } from '../model/values.js';
import { bareError } from './error-stack.js';
import { ERRORS } from './snapshot-kinds.js';

/** A type of objects as a snapshot names it. */
export interface ReadType {
  readonly kind: string;
  /** Stable name of its class; empty if it has none, or is the root's. */
  readonly name: string;
  /** An empty object of it, to ask what its class has. */
  readonly sample: object;
  /** A new empty object; of a view by its length in bytes, of a RegExp by source and flags; a value from its text. */
  make(extra: unknown, flags: unknown): object;
}

/**
 * @param first whether it is the first of its snapshot: the root's, whatever its class was called
 * @throws SnapshotDamagedError (`SNAPSHOT_DAMAGED`) for a class or constant that this program does not name, or an unknown kind
 */
export function typeNamed(kind: string, name: string, classes: ClassTable, first: boolean): ReadType {
  if (kind === 'k') {
    const constant = classes.constants.get(name) ?? unknownConstant(name);
    return { kind, name: '', sample: constant, make: () => constant };
  }
  if (kind === 'w') {
    const type = classes.values.get(name) ?? unknownValue(name);
    return { kind, name: '', sample: {}, make: (text) => decodeValue(type, text as string, refuseDecoded) };
  }
  const make = shellOf(kind, name, first ? () => classes.root : () => classNamed(name, classes));
  return { kind, name: first ? '' : name, sample: make(0, ''), make };
}

type Make = (extra: unknown, flags: unknown) => object;

function shellOf(kind: string, name: string, prototype: () => object): Make {
  switch (kind) {
    case 'o': {
      if (name === '') return () => ({});
      const own = prototype();
      return () => Object.create(own) as object;
    }
    case 'n':
      return () => Object.create(null) as object;
    case 'a':
      return instances(() => [], name, prototype);
    case 'm':
      return instances(() => new Map(), name, prototype);
    case 's':
      return instances(() => new Set(), name, prototype);
    case 'd':
      return instances(() => new Date(NaN), name, prototype);
    case 'x':
      return (source, flags) => new RegExp(typeof source === 'string' ? source : '', flags as string);
    case 'v':
      return (length) => emptyViewOf(name, length as number) ?? unknownBytes(name);
    case 'e':
      return withPrototype(bareError, ERRORS.get(name) ?? unknownError(name));
    case 'c':
      return instances(bareError, name, prototype);
    default:
      throw new SnapshotDamagedError(
        `The snapshot has objects of the unknown kind "${kind}"; it was written by a newer version`,
      );
  }
}

function instances(make: () => object, name: string, prototype: () => object): Make {
  return name === '' ? make : withPrototype(make, prototype());
}

function withPrototype(make: () => object, prototype: object): Make {
  return () => Object.setPrototypeOf(make(), prototype) as object;
}

function classNamed(name: string, classes: ClassTable): object {
  const known = classes.get(name);
  if (known === undefined) {
    throw new SnapshotDamagedError(`The snapshot holds ${undeclaredClass(name)}.`, { isIntact: true });
  }
  return known.prototype as object;
}

function unknownConstant(reference: string): never {
  throw new SnapshotDamagedError(`The snapshot holds ${undeclared(reference)}.`, { isIntact: true });
}

function unknownValue(name: string): never {
  throw new SnapshotDamagedError(`The snapshot holds ${undeclaredValue(name)}.`, { isIntact: true });
}

function refuseDecoded(why: string, cause?: unknown): never {
  throw new SnapshotDamagedError(`The snapshot holds what this program cannot read: ${why}.`, {
    cause,
    isIntact: true,
  });
}

function unknownError(name: string): never {
  throw new SnapshotDamagedError(`The snapshot has an error of the unknown type ${name}`);
}

function unknownBytes(name: string): never {
  throw new SnapshotDamagedError(`The snapshot has bytes of the unknown type ${name}`);
}
