import { viewOf } from '../event/binary.js';
import type { ClassTable } from '../model/class-table.js';
import type { ValueType } from '../model/values.js';
import { describe } from './recorder.js';
import { refuse } from './snapshot-column.js';
import type { FieldList } from './snapshot-fields.js';
import { ERRORS, type Kind, type NodeType, ROOT } from './snapshot-kinds.js';

/** The types of one state, numbered as they are met. */
export class TypeTable {
  readonly #classes: ClassTable;
  readonly #types = new Map<object | null, NodeType>();
  readonly #met: (type: NodeType) => void;

  /** @param met told of each new type */
  constructor(classes: ClassTable, met: (type: NodeType) => void) {
    this.#classes = classes;
    this.#met = met;
  }

  /** @throws UnsupportedStateError (`UNSUPPORTED_STATE`) for a class without a stable name */
  of(object: object): NodeType {
    const reference = this.#classes.constants.size > 0 ? this.#classes.constants.referenceOf(object) : undefined;
    if (reference !== undefined) return this.#typeOf(object, 'k', reference);
    const prototype = Object.getPrototypeOf(object) as object | null;
    let type = this.#types.get(prototype);
    if (type === undefined) {
      const value = this.#classes.values.ofPrototype(prototype);
      type =
        value === undefined
          ? this.#typeOf(prototype, ...this.#classify(object, prototype))
          : this.#typeOf(prototype, 'w', value.name, value);
    }
    if (type.kind === 'w') return type;
    if (Array.isArray(object) !== (type.kind === 'a')) refuseClass(object);
    return type;
  }

  /** The type known by a key: a prototype, or a constant itself. */
  #typeOf(key: object | null, kind: Kind, name: string, value?: ValueType): NodeType {
    let type = this.#types.get(key);
    if (type === undefined) {
      this.#types.set(key, (type = { number: this.#types.size, kind, name, value }));
      this.#met(type);
    }
    return type;
  }

  #classify(object: object, prototype: object | null): [Kind, string] {
    if (prototype === null) return ['n', ''];
    const name = prototype === this.#classes.root ? ROOT : (this.#classes.nameOf(prototype) ?? '');
    const own = (kind: Kind, native: object): [Kind, string] => {
      if (name === '' && prototype !== native) refuseClass(object);
      return [kind, name];
    };
    if (Array.isArray(object)) return own('a', Array.prototype);
    if (object instanceof Map) return own('m', Map.prototype);
    if (object instanceof Set) return own('s', Set.prototype);
    if (object instanceof Date) return own('d', Date.prototype);
    if (object instanceof RegExp) return own('x', RegExp.prototype);
    if (ArrayBuffer.isView(object)) {
      const view = describe(object);
      if (viewOf(view, new Uint8Array(0)) === undefined) refuseClass(object);
      return ['v', view];
    }
    if (!(object instanceof Error)) return own('o', Object.prototype);
    if (name !== '') return ['c', name];
    for (const [native, known] of ERRORS) if (known === prototype) return ['e', native];
    return refuseClass(object);
  }
}

function refuseClass(object: object): never {
  return refuse(`an instance of ${describe(object)}, a class without a stable name`);
}

/** Type, fixity and fields of an object; many objects have the same. */
export interface Shape {
  readonly number: number;
  readonly type: NodeType;
  /** As `FieldList.fixity`. */
  readonly fixity: number;
  /** `undefined` for an object whose fields are written one by one, with their names. */
  readonly fields: readonly FieldName[] | undefined;
}

/** The name of a field and what is unusual about it (0: nothing). */
export type FieldName = readonly [key: string | symbol, attributes: number];

/** Objects with more fields than this are used as dictionaries; so are those beyond so many shapes. */
const MOST_FIELDS = 32;
const MOST_STEPS = 10_000;
const LONGEST_NAME = 256;

/** A step of the tree of shapes: one field after another leads to the shape. */
interface Step {
  readonly next: Map<string | symbol, (Step | undefined)[]>;
  readonly path: readonly FieldName[];
  /** The step that was taken last, which mostly is the next one again. */
  last: Step | undefined;
  shape: Shape | undefined;
}

/** The shapes of one state. The idea is that of the hidden classes of Self (Chambers, Ungar and Lee, 1989). */
export class ShapeTree {
  readonly #roots: { readonly fields: Step; dictionary: Shape | undefined }[] = [];
  readonly #met: (shape: Shape) => void;
  #steps = 0;
  #shapes = 0;

  /** @param met told of each new shape */
  constructor(met: (shape: Shape) => void) {
    this.#met = met;
  }

  /** The shape of an object of this type with these fields. */
  of(type: NodeType, fields: FieldList): Shape {
    const at = type.number * 4 + fields.fixity;
    const root = (this.#roots[at] ??= { fields: stepOf([]), dictionary: undefined });
    let step: Step | undefined = fields.keys.length > MOST_FIELDS ? undefined : root.fields;
    for (let i = 0; i < fields.keys.length && step !== undefined; i++)
      step = this.#follow(step, fields.keys[i] as string | symbol, fields.attributes[i] as number);
    if (step === undefined) return (root.dictionary ??= this.#meet(type, fields.fixity, undefined));
    return (step.shape ??= this.#meet(type, fields.fixity, step.path));
  }

  #follow(step: Step, key: string | symbol, attributes: number): Step | undefined {
    const [lastKey, lastAttributes] = step.last?.path[step.path.length] ?? [];
    if (lastKey === key && lastAttributes === attributes) return step.last;
    const known = step.next.get(key)?.[attributes];
    if (known !== undefined) return (step.last = known);
    const text = typeof key === 'string' ? key : (Symbol.keyFor(key) ?? refuse(`a symbol key (${String(key)})`));
    if (this.#steps === MOST_STEPS || text.length > LONGEST_NAME) return undefined;
    this.#steps++;
    const made = stepOf([...step.path, [key, attributes]]);
    const siblings = step.next.get(key) ?? [];
    siblings[attributes] = made;
    step.next.set(key, siblings);
    return (step.last = made);
  }

  #meet(type: NodeType, fixity: number, fields: Shape['fields']): Shape {
    const shape: Shape = { number: this.#shapes++, type, fixity, fields };
    this.#met(shape);
    return shape;
  }
}

function stepOf(path: readonly FieldName[]): Step {
  return { next: new Map(), path, last: undefined, shape: undefined };
}
