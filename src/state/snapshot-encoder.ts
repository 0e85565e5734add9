import { Encoder } from '@msgpack/msgpack';
import type { ClassTable } from '../model/class-table.js';
import { countBelow, indicesOf } from './elements.js';
import { Chunk } from './snapshot-chunk.js';
import { NOTHING } from './snapshot-column.js';
import { attributesOf, emptyList, readFields, valueOf } from './snapshot-fields.js';
import { elementAt, type Image, Images } from './snapshot-images.js';
import type { NodeType } from './snapshot-kinds.js';
import { NodeNumbers } from './snapshot-numbers.js';
import { ShapeTree, TypeTable } from './snapshot-types.js';

const PIECE_BYTES = 2 ** 18;

/** How the work is divided; the defaults fit, tests take less. */
export interface Division {
  /** A collection with more entries is written in pieces, between which what they hold is written. Default: 1,024. */
  readonly piece?: number;
  /** So many steps between two looks at the clock. Default: 64. */
  readonly stride?: number;
}

/** What is still to be written of an object. */
interface Rest {
  /** Which part: the fields of a dictionary, the elements of an array, the members of a Map or Set, the bytes of a view. */
  readonly part: 'fields' | 'elements' | 'entries' | 'members' | 'bytes';
  readonly node: number;
  readonly object: object;
  at: number;
  /** Indices at which an array has elements, once there was a long hole. */
  indices?: readonly number[];
}

/** The fields of a dictionary; their names stay the same while it is not written to. */
interface FieldsRest extends Rest {
  readonly keys: readonly (string | symbol)[];
  readonly fixity: number;
}

/** The members of a Map or Set; the iterator is good as long as nobody writes to it, that is as long as there is no image. */
interface MembersRest extends Rest {
  readonly iterator: Iterator<unknown>;
}

/**
 * Encodes the graph of a root as it is at the moment of construction: numbers each object when it is first met, and writes the
 * objects in the order of their numbers. It can be left and taken up again at any time; whoever writes to an object of the
 * graph meanwhile calls `preserve` before. What it gives depends on the graph alone: equal graphs (order included) give equal
 * bytes.
 *
 * @example
 * ```ts
 * const encoder = new StateEncoder(root, classes);
 * while (!encoder.done) chunks.push(...encoder.advance(() => false));
 * ```
 */
export class StateEncoder {
  readonly #encoder = new Encoder();
  readonly #numbers = new NodeNumbers();
  readonly #images = new Images();
  readonly #types: TypeTable;
  readonly #shapes: ShapeTree;
  #chunk = new Chunk();
  /** Objects that have a number and are not written yet, from `#head` on, whose number is `#next`. */
  #queue: object[] = [];
  #queueTypes: NodeType[] = [];
  #head = 0;
  #next = 0;
  readonly #rests: Rest[] = [];
  /** How many rests there are of each object. */
  readonly #resting = new Map<object, number>();
  readonly #fields = emptyList();
  #done = false;

  readonly #piece: number;
  readonly #stride: number;

  constructor(root: object, classes: ClassTable, { piece = 1024, stride = 64 }: Division = {}) {
    this.#piece = piece;
    this.#stride = stride;
    this.#types = new TypeTable(classes, (type) => {
      this.#chunk.defineType(type);
    });
    this.#shapes = new ShapeTree((shape) => {
      this.#chunk.defineShape(shape);
    });
    this.#numberOf(root);
  }

  /** Tells whether everything has been given. */
  get done(): boolean {
    return this.#done;
  }

  /** Objects met so far. */
  get nodes(): number {
    return this.#numbers.size;
  }

  /** To be called before an object is written to, if it may be part of the graph. */
  preserve(object: object): void {
    const number = ArrayBuffer.isView(object) ? undefined : this.#numbers.get(object);
    if (number !== undefined && number < this.#next && !this.#resting.has(object)) return;
    this.#images.keep(object);
  }

  /**
   * Encodes on until a chunk is full, all is done, or `tired` says so. Gives the bytes of the chunk, mostly in one piece; none if
   * it became tired.
   *
   * @throws UnsupportedStateError (`UNSUPPORTED_STATE`) for what no snapshot can carry
   */
  advance(tired: () => boolean): Uint8Array[] {
    for (let steps = 1; !this.#done; steps++) {
      if (!this.#step()) this.#done = true;
      if (this.#done || this.#chunk.full) return this.#flush();
      if (steps % this.#stride === 0 && tired()) return [];
    }
    return [];
  }

  #flush(): Uint8Array[] {
    const chunk = this.#chunk;
    this.#chunk = new Chunk();
    return Array.from(chunk.written(), (content) => this.#encoder.encode(content));
  }

  /** Writes one object or one piece; false if there is none. */
  #step(): boolean {
    if (this.#head < this.#queue.length) {
      const object = this.#queue[this.#head] as object;
      const type = this.#queueTypes[this.#head++] as NodeType;
      if (this.#head === this.#queue.length || this.#head === 2 ** 16) {
        this.#queue = this.#queue.slice(this.#head);
        this.#queueTypes = this.#queueTypes.slice(this.#head);
        this.#head = 0;
      }
      this.#visit(object, type);
      return true;
    }
    const rest = this.#rests[this.#rests.length - 1];
    if (rest === undefined) return false;
    if (this.#write(rest)) {
      this.#rests.pop();
      this.#rested(rest.object);
    }
    return true;
  }

  readonly #numberOf = (object: object): number => {
    let number = this.#numbers.get(object);
    if (number === undefined) {
      number = this.#numbers.add(object);
      const type = this.#types.of(object);
      this.#queue.push(object);
      this.#queueTypes.push(type);
      this.#chunk.meet(object, type);
    }
    return number;
  };

  #visit(object: object, type: NodeType): void {
    const node = this.#next++;
    const image = this.#images.of(object);
    const fields = image?.fields ?? readFields(object, type.kind, this.#fields);
    const shape = this.#shapes.of(type, fields);
    this.#chunk.record(shape, fields, this.#numberOf);
    if (shape.fields === undefined) {
      const rest: FieldsRest = { part: 'fields', node, object, at: 0, keys: fields.keys, fixity: fields.fixity };
      this.#begin(rest);
    }
    switch (type.kind) {
      case 'd':
        this.#chunk.time(image?.time ?? Date.prototype.getTime.call(object));
        break;
      case 'a':
        this.#begin({ part: 'elements', node, object, at: 0 });
        break;
      case 'v':
        this.#begin({ part: 'bytes', node, object, at: 0 });
        break;
      case 'm': {
        const iterator = Map.prototype.entries.call(object);
        this.#begin({ part: 'entries', node, object, at: 0, iterator } as MembersRest);
        break;
      }
      case 's': {
        const iterator = Set.prototype.values.call(object);
        this.#begin({ part: 'members', node, object, at: 0, iterator } as MembersRest);
        break;
      }
      default:
    }
    if (!this.#resting.has(object)) this.#images.forget(object);
  }

  #begin(rest: Rest): void {
    if (this.#write(rest)) return;
    this.#rests.push(rest);
    this.#resting.set(rest.object, (this.#resting.get(rest.object) ?? 0) + 1);
  }

  #rested(object: object): void {
    const others = (this.#resting.get(object) ?? 1) - 1;
    if (others > 0) this.#resting.set(object, others);
    else {
      this.#resting.delete(object);
      this.#images.forget(object);
    }
  }

  /** Writes the next piece of a rest; true if it was the last. */
  #write(rest: Rest): boolean {
    const image = this.#images.of(rest.object);
    switch (rest.part) {
      case 'fields':
        return this.#dictionary(rest as FieldsRest, image);
      case 'elements':
        return this.#elements(rest, image);
      case 'bytes':
        return this.#bytes(rest);
      default:
        return image === undefined ? this.#iterate(rest as MembersRest) : this.#members(rest, image);
    }
  }

  #elements(rest: Rest, image: Image | undefined): boolean {
    const array = image?.items ?? (rest.object as unknown[]);
    const { arrays } = this.#chunk;
    const from = rest.at;
    let some = false;
    for (; rest.at < array.length && rest.at < from + this.#piece && !this.#chunk.full; rest.at++) {
      const value = elementAt(array, rest.at);
      some ||= value !== NOTHING;
      this.#chunk.weigh(arrays.add(0, value, this.#numberOf));
    }
    if (rest.at > from) arrays.begin(rest.node, rest.at - from);
    if (!some && rest.at === from + this.#piece) {
      // Nothing but holes: there may be very many.
      const next = nextElement(array, rest);
      if (next > rest.at) arrays.begin(rest.node, rest.at - next);
      rest.at = next;
    }
    return rest.at === array.length;
  }

  #iterate(rest: MembersRest): boolean {
    const { maps, sets } = this.#chunk;
    const from = rest.at;
    const { size } = rest.object as Map<unknown, unknown>;
    for (; rest.at < size && rest.at < from + this.#piece && !this.#chunk.full; rest.at++) {
      const value: unknown = rest.iterator.next().value;
      if (rest.part === 'members') this.#chunk.weigh(sets.add(0, value, this.#numberOf));
      else this.#entry((value as unknown[])[0], (value as unknown[])[1]);
    }
    if (rest.at > from) (rest.part === 'members' ? sets : maps).begin(rest.node, rest.at - from);
    return rest.at === size;
  }

  /** As `#iterate`, of what the Map or Set was. */
  #members(rest: Rest, { items, values }: Image): boolean {
    const { maps, sets } = this.#chunk;
    const from = rest.at;
    for (; rest.at < items.length && rest.at < from + this.#piece && !this.#chunk.full; rest.at++) {
      if (rest.part === 'members') this.#chunk.weigh(sets.add(0, items[rest.at], this.#numberOf));
      else this.#entry(items[rest.at], values[rest.at]);
    }
    if (rest.at > from) (rest.part === 'members' ? sets : maps).begin(rest.node, rest.at - from);
    return rest.at === items.length;
  }

  #entry(key: unknown, value: unknown): void {
    const { maps } = this.#chunk;
    this.#chunk.weigh(maps.add(0, key, this.#numberOf) + maps.add(1, value, this.#numberOf));
  }

  #dictionary(rest: FieldsRest, image: Image | undefined): boolean {
    const { dictionaries } = this.#chunk;
    const from = rest.at;
    for (; rest.at < rest.keys.length && rest.at < from + this.#piece && !this.#chunk.full; rest.at++) {
      const key = rest.keys[rest.at] as string | symbol;
      const [value, attributes] =
        image === undefined
          ? readField(rest.object, key, rest.fixity)
          : [image.fields.values[rest.at], image.fields.attributes[rest.at]];
      this.#chunk.weigh(dictionaries.add(0, key, this.#numberOf) + dictionaries.add(1, value, this.#numberOf));
      dictionaries.add(2, attributes, this.#numberOf);
    }
    if (rest.at > from) dictionaries.begin(rest.node, rest.at - from);
    return rest.at === rest.keys.length;
  }

  #bytes(rest: Rest): boolean {
    const bytes = this.#images.bytes(rest.object as ArrayBufferView);
    const end = Math.min(rest.at + PIECE_BYTES, bytes.length);
    if (end > rest.at) this.#chunk.bytes(rest.node, bytes.subarray(rest.at, end));
    rest.at = end;
    return end === bytes.length;
  }
}

function readField(object: object, key: string | symbol, fixity: number): [value: unknown, attributes: number] {
  const descriptor = Object.getOwnPropertyDescriptor(object, key);
  return [valueOf(descriptor, key), attributesOf(descriptor as PropertyDescriptor, fixity)];
}

/** Index of the next element from an index on; the length if there is none. */
function nextElement(array: readonly unknown[], rest: Rest): number {
  // Found once: what is written of an object does not change, its image is taken first.
  rest.indices ??= indicesOf(array, rest.at, array.length);
  return rest.indices[countBelow(rest.indices, rest.at)] ?? array.length;
}
