import type { Session } from '../opening.js';

/*
 * The record of a master: who owns its name, what is remembered of it, and of each of its streams the header, the frontier and the snapshots.
 * It is one value of the bucket, so that all of it changes at once, and only by its owner.
 */
export interface MasterRecord {
  /** Token of the owner; `null` if nobody has the name. */
  readonly owner: string | null;
  /** Who that is, for people. */
  readonly holder: string | null;
  /** How long (ms) the owner may be silent. */
  readonly silence: number;
  /** Of the last change: so that who made it knows it again. */
  readonly change: string;
  readonly session: Session | null;
  /** Epoch of the stream that is written. */
  readonly epoch: string | null;
  readonly streams: Readonly<Record<string, StreamRecord>>;
  /** Objects that nobody needs, and that may be there: being written, or being removed. */
  readonly trash: readonly string[];
}

export interface StreamRecord {
  /** Its header line. */
  readonly header: string;
  readonly frontier: Kept | null;
  /** By position. */
  readonly snapshots: Readonly<Record<string, SnapshotRecord>>;
}

/** A text, or the object that holds it, because it is large. */
export type Kept = { readonly text: string } | ObjectRecord;

export type SnapshotRecord = ObjectRecord;

/** An object of the bucket. */
export interface ObjectRecord {
  readonly object: string;
  /** What the subject of its chunks ends with. */
  readonly chunks: string;
  readonly bytes: number;
}

export const NOBODY: MasterRecord = {
  owner: null,
  holder: null,
  silence: 0,
  change: '',
  session: null,
  epoch: null,
  streams: {},
  trash: [],
};

/** A record with its number in the bucket, which the next change names. */
export interface Revision {
  readonly record: MasterRecord;
  readonly revision: number;
}

/** `undefined` for what is no record. */
export function decodeRecord(data: Uint8Array): MasterRecord | undefined {
  let value: Partial<MasterRecord> | null;
  try {
    value = JSON.parse(new TextDecoder().decode(data)) as Partial<MasterRecord> | null;
  } catch {
    return undefined;
  }
  const { streams, trash } = value ?? {};
  const isRight =
    isObject(streams) &&
    Object.values(streams).every(isStream) &&
    Array.isArray(trash) &&
    trash.every((name) => typeof name === 'string');
  return isRight ? { ...NOBODY, ...(value as MasterRecord) } : undefined;
}

function isStream(value: unknown): value is StreamRecord {
  if (!isObject(value)) return false;
  const { header, frontier, snapshots } = value as Partial<Record<keyof StreamRecord, unknown>>;
  return (
    typeof header === 'string' &&
    (frontier === null || (isObject(frontier) && (isText(frontier) || isObjectRecord(frontier)))) &&
    isObject(snapshots) &&
    Object.values(snapshots).every((one) => isObject(one) && isObjectRecord(one))
  );
}

function isText(value: object): boolean {
  return typeof (value as { text?: unknown }).text === 'string';
}

function isObjectRecord(value: object): boolean {
  const { object, chunks, bytes } = value as Partial<Record<keyof ObjectRecord, unknown>>;
  return typeof object === 'string' && typeof chunks === 'string' && Number.isSafeInteger(bytes);
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

/** The record with another stream, or with what is changed of one. */
export function withStream(record: MasterRecord, epoch: string, change: Partial<StreamRecord>): MasterRecord {
  const before = Object.hasOwn(record.streams, epoch) ? record.streams[epoch] : undefined;
  const stream: StreamRecord = { header: '', frontier: null, snapshots: {}, ...before, ...change };
  return { ...record, streams: { ...record.streams, [epoch]: stream } };
}

/** The objects that a stream refers to. */
export function objectsIn({ frontier, snapshots }: StreamRecord): string[] {
  const kept = frontier !== null && 'object' in frontier ? [frontier.object] : [];
  return [...kept, ...Object.values(snapshots).map(({ object }) => object)];
}
