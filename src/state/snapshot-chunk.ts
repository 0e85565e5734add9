import { bytesOf } from '../event/binary.js';
import { encodeValue } from '../event/value-text.js';
import { Column, packText, refuse, StepList, TextTable } from './snapshot-column.js';
import type { FieldList } from './snapshot-fields.js';
import type { NodeType } from './snapshot-kinds.js';
import type { Shape } from './snapshot-types.js';

/** A chunk is written when what it holds weighs about so many bytes. */
const FULL = 2 ** 18;
/** Characters of one piece of a long text. */
const TEXT_PIECE = 2 ** 18;

type NumberOf = (object: object) => number;

/** A run-length list: number, count, number, count, … */
class Runs {
  readonly list: number[] = [];

  push(number: number): void {
    const at = this.list.length - 2;
    if (at >= 0 && this.list[at] === number) (this.list[at + 1] as number)++;
    else this.list.push(number, 1);
  }
}

/** Pieces of collections of one kind: whose they are, how many entries each has, and the entries. */
class Pieces {
  readonly #nodes = new StepList();
  readonly #counts: number[] = [];
  readonly #columns: readonly Column[];

  constructor(columns: number) {
    this.#columns = Array.from({ length: columns }, () => new Column());
  }

  /** Begins a piece of `count` entries; −count of holes, which have no entries. */
  begin(node: number, count: number): void {
    this.#nodes.push(node);
    this.#counts.push(count);
  }

  /** Adds a value to a column; gives its weight. */
  add(column: number, value: unknown, numberOf: NumberOf): number {
    return (this.#columns[column] as Column).add(value, numberOf);
  }

  written(texts: TextTable): unknown[] {
    if (this.#counts.length === 0) return [];
    return [this.#nodes.written(), this.#counts, ...this.#columns.map((column) => column.written(texts))];
  }
}

/** The content of a chunk, in the order of its members. */
export type ChunkContent = readonly [
  types: [kind: string, name: string][],
  shells: number[],
  extras: unknown[],
  shapes: unknown[],
  records: number[],
  columns: unknown[],
  dictionaries: unknown[],
  arrays: unknown[],
  sets: unknown[],
  maps: unknown[],
  times: unknown[],
  bytes: unknown[],
  lengths: number[],
  text: unknown,
];

/** A part of an encoded state: the objects met in it, and the content of some objects met in it or before. */
export class Chunk {
  readonly #types: [kind: string, name: string][] = [];
  readonly #shells = new Runs();
  readonly #extras: unknown[] = [];
  readonly #shapes: unknown[] = [];
  readonly #records = new Runs();
  readonly #columns = new Map<number, Column[]>();
  readonly dictionaries = new Pieces(3);
  readonly arrays = new Pieces(1);
  readonly sets = new Pieces(1);
  readonly maps = new Pieces(2);
  readonly #times = new Column();
  readonly #bytes: unknown[] = [];
  #weight = 0;

  /** Tells whether it is time to write it. */
  get full(): boolean {
    return this.#weight >= FULL;
  }

  /** Makes it heavier by about so many bytes. */
  weigh(bytes: number): void {
    this.#weight += bytes;
  }

  defineType({ kind, name }: NodeType): void {
    this.#types.push([kind, name]);
  }

  defineShape({ type, fixity, fields }: Shape): void {
    const names = fields?.map(([key, attributes]) => [typeof key === 'symbol' ? [symbolText(key)] : key, attributes]);
    this.#shapes.push([type.number, fixity, names?.flat() ?? null]);
    this.#weight += 16;
  }

  /** An object has got the next number. */
  meet(object: object, type: NodeType): void {
    this.#shells.push(type.number);
    this.#weight += 1;
    if (type.kind === 'v') this.#extras.push((object as ArrayBufferView).byteLength);
    if (type.value !== undefined) {
      const text = encodeValue(type.value, object, refuse);
      this.#extras.push(packText(text));
      this.#weight += text.length;
    }
    if (type.kind !== 'x') return;
    const { source, flags } = object as RegExp;
    this.#extras.push(packText(source), flags);
    this.#weight += source.length;
  }

  /** The fields of the next object. */
  record(shape: Shape, { values }: FieldList, numberOf: NumberOf): void {
    this.#records.push(shape.number);
    this.#weight += 1;
    if (shape.fields === undefined) return;
    let columns = this.#columns.get(shape.number);
    if (columns === undefined) this.#columns.set(shape.number, (columns = shape.fields.map(() => new Column())));
    for (let i = 0; i < columns.length; i++) this.#weight += (columns[i] as Column).add(values[i], numberOf);
  }

  /** The time of the next Date. */
  time(time: number): void {
    this.#weight += this.#times.add(time, noObject);
  }

  /** The next bytes of a view. */
  bytes(node: number, bytes: Uint8Array): void {
    this.#bytes.push(node, bytesOf(bytes).slice());
    this.#weight += bytes.length + 8;
  }

  /** What the library encodes: pieces of long texts first, each [text, whether it goes on with the one before], then the content. */
  *written(): Generator {
    const texts = new TextTable();
    const columns = [...this.#columns.values()].map((one) => one.map((column) => column.written(texts)));
    const pieces = [this.dictionaries, this.arrays, this.sets, this.maps].map((one) => one.written(texts));
    const times = this.#times.length === 0 ? [] : this.#times.written(texts);
    for (const text of texts.long) {
      for (let at = 0; at < text.length; at += TEXT_PIECE) yield [packText(text.slice(at, at + TEXT_PIECE)), at > 0];
    }
    yield [
      ...[this.#types, this.#shells.list, this.#extras, this.#shapes, this.#records.list, columns],
      ...[...pieces, times, this.#bytes, ...texts.written()],
    ];
  }
}

function symbolText(key: symbol): string {
  return Symbol.keyFor(key) ?? refuse(`a symbol key (${String(key)})`);
}

function noObject(): never {
  return refuse('an object in place of a time');
}
