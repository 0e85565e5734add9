/** What a stream is in the map: the value that it begins with, and one for each append. */
import { type Head, MemoryStore, type StreamHeader, type StreamId } from 'prevalent';

export type Value = string | Uint8Array;

/** The storage: a map behind a network, with one conditional write. */
export interface AsyncMap {
  get(key: string): Promise<Value | undefined>;
  /** In their order. */
  keys(prefix: string): Promise<string[]>;
  /** Sets a key, or deletes it with `undefined`, if the key of `only` has this value. Gives whether it did. */
  put(
    key: string,
    value: Value | undefined,
    only?: { readonly key: string; readonly is: Value | undefined },
  ): Promise<boolean>;
}

/** Events that were written at once. */
export interface Chunk {
  readonly key: string;
  readonly first: number;
  readonly lines: readonly string[];
}

/** What a stream begins with: one value, so that it is there as a whole. */
export interface Birth {
  readonly header: StreamHeader;
  readonly lines: string;
}

export const { crc32 } = new MemoryStore();
export const keyOf = (kind: string, { master, epoch }: StreamId, ...more: string[]): string =>
  [kind, master, epoch, ...more].join('/');
export const lastPart = (key: string): string => key.slice(key.lastIndexOf('/') + 1);
export const linesOf = (text: string): string[] => text.split('\n').slice(0, -1);
/** Numbers as keys: in their order. */
export const digits = (seq: number): string => String(seq).padStart(16, '0');

export async function textAt(map: AsyncMap, key: string): Promise<string | undefined> {
  return (await map.get(key)) as string | undefined;
}

export async function birthOf(map: AsyncMap, stream: StreamId): Promise<Birth | undefined> {
  const text = await textAt(map, keyOf('birth', stream));
  return text === undefined ? undefined : (JSON.parse(text) as Birth);
}

/** All events of a stream that are there. */
export async function chunksOf(map: AsyncMap, stream: StreamId): Promise<Chunk[]> {
  const born = await birthOf(map, stream);
  const chunks: Chunk[] = [];
  if (born !== undefined && born.lines !== '')
    chunks.push({ key: keyOf('birth', stream), first: 1, lines: linesOf(born.lines) });
  for (const key of await map.keys(keyOf('events', stream, ''))) {
    const text = await textAt(map, key);
    // Deleted meanwhile.
    if (text !== undefined) chunks.push({ key, first: Number(lastPart(key)), lines: linesOf(text) });
  }
  return chunks;
}

export async function headOf(map: AsyncMap, stream: StreamId): Promise<Head | undefined> {
  const last = (await chunksOf(map, stream)).at(-1);
  if (last === undefined) return undefined;
  const { id } = JSON.parse(last.lines.at(-1) ?? '{}') as { id: string };
  return { seq: last.first + last.lines.length - 1, id };
}
