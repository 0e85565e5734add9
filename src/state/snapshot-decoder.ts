import { Decoder } from '@msgpack/msgpack';
import { SnapshotDamagedError } from '../errors.js';
import type { ClassTable } from '../model/class-table.js';
import { ledger } from '../model/ledger.js';
import { newEntrance } from './ownership.js';
import type { ChunkContent } from './snapshot-chunk.js';
import {
  NOTHING,
  type ReadContext,
  readColumn,
  type Steps,
  unpackText,
  type WrittenColumn,
} from './snapshot-column.js';
import { CLOSED, FREE, FROZEN, SEALED } from './snapshot-fields.js';
import { type ReadType, typeNamed } from './snapshot-shells.js';

/**
 * A chunk holds about 2^18 objects and values when it is written. More are damage, or somebody's trick: counts are checked before
 * anything is made by them.
 */
const MOST_CELLS = 2 ** 20;

interface ReadShape {
  readonly type: ReadType;
  readonly fixity: number;
  /** `undefined` for dictionaries. */
  readonly fields: readonly ReadField[] | undefined;
}

interface ReadField {
  readonly key: string | symbol;
  readonly attributes: number;
  /** Must be defined rather than assigned: it is unusual, or hides something that its class has. */
  readonly defined: boolean;
}

/**
 * Rebuilds a graph from its chunks, each as soon as it is there. Objects are made without running constructors of the model's
 * classes. An object is made, empty, in the chunk where it is first referred to, and filled when its content comes.
 *
 * @throws SnapshotDamagedError (`SNAPSHOT_DAMAGED`) for damaged chunks and unknown classes
 */
export class StateDecoder {
  readonly #decoder = new Decoder();
  readonly #classes: ClassTable;
  readonly #types: ReadType[] = [];
  readonly #shapes: ReadShape[] = [];
  readonly #objects: object[] = [];
  /** Number of the next object whose fields come. */
  #next = 0;
  /** Bytes of each view that have come. */
  readonly #filled = new Map<object, number>();
  /** Objects to close, seal or freeze when all are filled. */
  readonly #fixed: [object: object, fixity: number][] = [];
  #long: string[] = [];
  /** Bytes of all views that have not come. */
  #owed = 0;
  /** How its objects enter the state. */
  readonly entrance = newEntrance();

  constructor(classes: ClassTable) {
    this.#classes = classes;
  }

  /** How many objects there are so far. */
  get nodes(): number {
    return this.#objects.length;
  }

  /** Takes the next chunk or piece of a long text. */
  chunk(bytes: Uint8Array): void {
    const content = this.#decode(bytes);
    if (content.length === 2) this.#longText(content as [unknown, boolean]);
    else this.#content(content as unknown as ChunkContent);
  }

  /** The root, when all chunks are in. */
  finish(): object {
    if (this.#next !== this.#objects.length) throw new SnapshotDamagedError('The end of the snapshot is missing');
    if (this.#owed !== 0) throw new SnapshotDamagedError(`The snapshot lacks ${this.#owed} bytes of its binary data`);
    // Last: what a frozen object refers to may come after it.
    for (const [object, fixity] of this.#fixed) fix(object, fixity);
    return this.#objects[0] ?? missingRoot();
  }

  #decode(bytes: Uint8Array): unknown[] {
    let content: unknown;
    try {
      content = this.#decoder.decode(bytes);
    } catch (cause) {
      throw new SnapshotDamagedError('A chunk of the snapshot is damaged', { cause });
    }
    if (!Array.isArray(content)) throw new SnapshotDamagedError('A chunk of the snapshot is damaged');
    return content as unknown[];
  }

  #longText([packed, goesOn]: [unknown, boolean]): void {
    const text = unpackText(packed);
    if (goesOn) this.#long.push((this.#long.pop() ?? '') + text);
    else this.#long.push(text);
  }

  #content(content: ChunkContent): void {
    const [types, shells, extras, shapes, records, columns] = content;
    const [dictionaries, arrays, sets, maps, times, bytes, lengths, text] = content.slice(6) as Rest;
    for (const [kind, name] of types) this.#types.push(typeNamed(kind, name, this.#classes, this.#types.length === 0));
    this.#makeShells(shells, extras);
    for (const shape of shapes) this.#shapes.push(this.#readShape(shape as WrittenShape));
    const context = { texts: cut(unpackText(text), lengths), long: this.#long, objects: this.#objects };
    this.#fillRecords(records, columns as WrittenColumn[][], times as unknown as WrittenColumn, context);
    eachPiece(dictionaries, 3, context, ([keys, values, attributes], object, _, from, to) => {
      for (let i = from; i < to; i++) setField(object, keys?.[i] as string, values?.[i], attributes?.[i] as number);
    });
    eachPiece(arrays, 1, context, ([items], object, count, from, to) => {
      fillArray(object as unknown[], items as unknown[], count, from, to);
    });
    eachPiece(sets, 1, context, ([members], object, _, from, to) => {
      for (let i = from; i < to; i++) Set.prototype.add.call(object as Set<unknown>, members?.[i]);
    });
    eachPiece(maps, 2, context, ([keys, values], object, _, from, to) => {
      for (let i = from; i < to; i++) Map.prototype.set.call(object as Map<unknown, unknown>, keys?.[i], values?.[i]);
    });
    this.#fillBytes(bytes);
    this.#long = [];
  }

  #makeShells(runs: readonly number[], extras: readonly unknown[]): void {
    checkCells(runs.filter((_, i) => i % 2 === 1));
    let at = 0;
    for (let run = 0; run < runs.length; run += 2) {
      const type = this.#types[runs[run] as number] ?? unknownType();
      const first = this.#objects.length;
      for (let i = runs[run + 1] as number; i > 0; i--) {
        if (type.kind === 'v') this.#objects.push(this.#emptyView(type, extras[at++] as number));
        else if (type.kind === 'w') this.#objects.push(type.make(unpackText(extras[at++]), undefined));
        else if (type.kind === 'x') {
          this.#objects.push(type.make(unpackText(extras[at]), extras[at + 1]));
          at += 2;
        } else this.#objects.push(type.make(undefined, undefined));
      }
      // Constants and values are nobody's.
      if (type.kind === 'k' || type.kind === 'w') continue;
      for (let i = first; i < this.#objects.length; i++) ledger.enter(this.#objects[i] as object, this.entrance);
    }
  }

  #emptyView(type: ReadType, length: number): object {
    try {
      const view = type.make(length, undefined) as ArrayBufferView;
      this.#owed += view.byteLength;
      return view;
    } catch (cause) {
      throw new SnapshotDamagedError(
        `The snapshot has binary data of ${length} bytes, which this machine cannot have`,
        {
          cause,
        },
      );
    }
  }

  #readShape([number, fixity, flat]: WrittenShape): ReadShape {
    const type = this.#types[number] ?? unknownType();
    if (flat === null) return { type, fixity, fields: undefined };
    const fields: ReadField[] = [];
    for (let i = 0; i < flat.length; i += 2) {
      const name = flat[i] as string | [string];
      const key = typeof name === 'string' ? name : Symbol.for(name[0]);
      const attributes = flat[i + 1] as number;
      fields.push({ key, attributes, defined: attributes !== 0 || key in type.sample });
    }
    this.#refuseMisfit(type, fields);
    return { type, fixity, fields };
  }

  #refuseMisfit({ kind, name }: ReadType, fields: readonly ReadField[]): void {
    if (kind !== 'o' || name === '' || !this.#classes.hasImplied) return;
    const names = fields.map(({ key }) => key).filter((key) => typeof key === 'string');
    const misfit = this.#classes.misfitOf(name, names);
    if (misfit !== undefined)
      throw new SnapshotDamagedError(`The snapshot holds instances of ${misfit}.`, { isIntact: true });
  }

  #fillRecords(
    runs: readonly number[],
    columns: readonly WrittenColumn[][],
    times: WrittenColumn,
    context: ReadContext,
  ): void {
    const rows = new Map<ReadShape, object[]>();
    const dates: Date[] = [];
    for (let run = 0; run < runs.length; run += 2) {
      const shape = this.#shapes[runs[run] as number] ?? unknownType();
      const count = runs[run + 1] as number;
      const of = this.#objects.slice(this.#next, this.#next + count);
      if (of.length !== count) throw new SnapshotDamagedError('The snapshot has fields of an object it does not hold');
      this.#next += count;
      if (shape.type.kind === 'd') dates.push(...(of as Date[]));
      if (shape.fixity !== FREE) for (const object of of) this.#fixed.push([object, shape.fixity]);
      const known = rows.get(shape);
      if (known === undefined) rows.set(shape, of);
      else for (const object of of) known.push(object);
    }
    let at = 0;
    for (const [{ fields }, objects] of rows) {
      if (fields === undefined) continue;
      const written = columns[at++];
      fields.forEach((field, i) => {
        fillColumn(objects, field, readColumn(written?.[i] as WrittenColumn, objects.length, context));
      });
    }
    const values = dates.length === 0 ? [] : readColumn(times, dates.length, context);
    dates.forEach((date, i) => {
      Date.prototype.setTime.call(date, values[i] as number);
    });
  }

  #fillBytes(pieces: readonly unknown[]): void {
    for (let i = 0; i < pieces.length; i += 2) {
      const view = this.#objects[pieces[i] as number] as ArrayBufferView;
      const bytes = pieces[i + 1] as Uint8Array;
      const at = this.#filled.get(view) ?? 0;
      new Uint8Array(view.buffer, view.byteOffset, view.byteLength).set(bytes, at);
      this.#owed -= bytes.length;
      if (at + bytes.length < view.byteLength) this.#filled.set(view, at + bytes.length);
      else this.#filled.delete(view);
    }
  }
}

type Rest = [unknown[], unknown[], unknown[], unknown[], unknown[], unknown[], number[], unknown];
type WrittenShape = readonly [type: number, fixity: number, fields: unknown[] | null];

function cut(text: string, lengths: readonly number[]): string[] {
  let at = 0;
  return lengths.map((length) => text.slice(at, (at += length)));
}

/** Calls `fill` for each piece with its columns, its object, its count, and where its entries stand in the columns. */
function eachPiece(
  pieces: readonly unknown[],
  width: number,
  context: ReadContext,
  fill: (columns: unknown[][], object: object, count: number, from: number, to: number) => void,
): void {
  if (pieces.length === 0) return;
  const [steps, counts, ...written] = pieces as [Steps, number[], ...WrittenColumn[]];
  const total = checkCells(counts);
  const columns = written.slice(0, width).map((column) => readColumn(column, total, context));
  let [node, from] = [0, 0];
  counts.forEach((count, i) => {
    node += typeof steps === 'number' ? steps : (steps[i] as number);
    const object = context.objects[node++];
    if (object === undefined) throw new SnapshotDamagedError('The snapshot has a part of an object it does not hold');
    const to = from + Math.max(count, 0);
    fill(columns, object, count, from, to);
    from = to;
  });
}

/** The sum of some counts; holes, counted below 0, take no room. */
function checkCells(counts: readonly number[]): number {
  const total = counts.reduce((sum, count) => sum + Math.max(count, 0), 0);
  if (!(total <= MOST_CELLS))
    throw new SnapshotDamagedError(`A chunk of the snapshot says that it holds ${total} values`);
  return total;
}

function fillArray(array: unknown[], items: readonly unknown[], count: number, from: number, to: number): void {
  if (count < 0) array.length -= count;
  for (let i = from; i < to; i++) {
    if (items[i] === NOTHING) array.length++;
    else array[array.length] = items[i];
  }
}

function fillColumn(objects: readonly object[], field: ReadField, values: readonly unknown[]): void {
  const { key, attributes, defined } = field;
  for (let i = 0; i < objects.length; i++) {
    const object = objects[i] as Record<string | symbol, unknown>;
    if (defined) define(object, key, values[i], attributes);
    else object[key] = values[i];
  }
}

function setField(object: object, key: string | symbol, value: unknown, attributes: number): void {
  if (attributes !== 0 || key in object) define(object, key, value, attributes);
  else (object as Record<string | symbol, unknown>)[key] = value;
}

function define(object: object, key: string | symbol, value: unknown, attributes: number): void {
  Object.defineProperty(object, key, {
    value,
    enumerable: (attributes & 1) === 0,
    writable: (attributes & 2) === 0,
    configurable: (attributes & 4) === 0,
  });
}

function fix(object: object, fixity: number): void {
  if (fixity === FROZEN) Object.freeze(object);
  else if (fixity === SEALED) Object.seal(object);
  else if (fixity === CLOSED) Object.preventExtensions(object);
}

function unknownType(): never {
  throw new SnapshotDamagedError('The snapshot has an object of a type it does not describe');
}

function missingRoot(): never {
  throw new SnapshotDamagedError('The snapshot has no root');
}
