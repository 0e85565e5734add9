import { type Crc32, parseChecksummed, appendChecksum } from '../event/checksum.js';
import { isStreamKey } from '../event/event.js';
import { isUlid } from '../event/ulid.js';

/** Texts in a frontier become names of files and keys of maps: only their exact forms are taken. */
const ULID = /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/;
const FINGERPRINT = /^[0-9a-z-]{1,64}$/;
/** 64 bits in base 36. */
const SEAL_HASH = /^[0-9a-z]{1,14}$/;
/** Name and version; shown to people as it is. */
const ENGINE = /^[a-z][a-z0-9]{0,30} [0-9.]{1,30}$/;

/** The last event of a stream that counts. */
export interface Head {
  readonly seq: number;
  readonly id: string;
}

/** The end of final history: up to `H`, history is exactly the first `V[stream]` events of each stream. */
export interface Seal {
  /** From 1, without gaps along one chain. */
  readonly no: number;
  /** Stream (`master@epoch`) of the master that made it. */
  readonly by: string;
  /** ULID up to which history is final: an event with an id up to it keeps its place and its outcome. */
  readonly H: string;
  /** By stream (`master@epoch`): how many of its events, from the first, belong to that history. A stream not named has none in it. */
  readonly V: Readonly<Record<string, number>>;
  /** Hashes of all earlier seals, the first one first. */
  readonly chain: readonly string[];
}

/** What a master publishes about its stream; others use nothing beyond it. */
export interface Frontier {
  /** Every later event of this stream has a greater id. */
  readonly clock: string;
  /** The last event others may read; `undefined` while there is none. */
  readonly head: Head | undefined;
  /** The newest seal this master has adopted; `undefined` while nothing was ever sealed. */
  readonly seal: Seal | undefined;
  /** The snapshot that replaces the first `events` events of this stream, which this master may have deleted. */
  readonly snapshot: { readonly no: number; readonly position: string; readonly events: number } | undefined;
  /** Session of the machine that writes the stream. */
  readonly session: string;
  /** Equal for two masters whose models have the same names and versions. */
  readonly modelHash: string;
  /** JavaScript engine of the master, such as `v8 12.4`; `undefined` if it is not known. */
  readonly engine: string | undefined;
  /** Hash of the state at a seal. */
  readonly fingerprint: { readonly no: number; readonly hash: string } | undefined;
  /** What this master has accepted of the others; for status only. */
  readonly seen: Readonly<Record<string, number>>;
  /** Epoch in which this master continues; this stream is complete. */
  readonly next: string | undefined;
}

/** The frontier's text: one line of JSON that ends with its checksum. */
export function encodeFrontier(frontier: Frontier, crc32: Crc32): string {
  const { clock, head, seal, snapshot, session, modelHash, engine, fingerprint, seen, next } = frontier;
  const text = JSON.stringify({
    v: 1,
    clock,
    head: head ?? null,
    seal: seal ?? null,
    snapshot: snapshot ?? null,
    session,
    modelHash,
    ...(engine === undefined ? {} : { engine }),
    ...(fingerprint === undefined ? {} : { fingerprint }),
    seen,
    ...(next === undefined ? {} : { next }),
  });
  return appendChecksum(text.slice(0, -1), crc32) + '\n';
}

/** Reads a frontier; one that is missing, torn, foreign or newer than this code is only "not heard from". */
export function decodeFrontier(text: string | undefined, crc32: Crc32): Frontier | undefined {
  const value = text === undefined ? undefined : parseChecksummed(text.trimEnd(), crc32);
  if (typeof value !== 'object' || value === null) return undefined;
  const { v, clock, head, seal, snapshot, session, modelHash, engine, fingerprint, seen, next } = value as Record<
    string,
    unknown
  >;
  const right =
    v === 1 &&
    isUlid(clock) &&
    (head === null || isHead(head)) &&
    (seal === null || isSeal(seal)) &&
    (snapshot === null || (isNumbered(snapshot, 'position', ULID) && isStandIn(snapshot))) &&
    typeof session === 'string' &&
    typeof modelHash === 'string' &&
    (fingerprint === undefined || isNumbered(fingerprint, 'hash', FINGERPRINT)) &&
    isCounts(seen) &&
    (next === undefined || isUlid(next));
  if (!right) return undefined;
  return {
    clock,
    head: head ?? undefined,
    seal: seal ?? undefined,
    snapshot: (snapshot as Frontier['snapshot'] | null) ?? undefined,
    session,
    modelHash,
    // For status only: of what is no engine's name the rest still counts.
    engine: typeof engine === 'string' && ENGINE.test(engine) ? engine : undefined,
    fingerprint: fingerprint as Frontier['fingerprint'],
    seen,
    next,
  };
}

/** The frontier of a stream that another copy of its master wrote on behind what it had published. @param head its last event */
export function withRest(frontier: Frontier | undefined, session: string, head: Head): Frontier {
  return {
    clock: head.id,
    head,
    seal: frontier?.seal,
    snapshot: frontier?.snapshot,
    session,
    modelHash: frontier?.modelHash ?? '',
    engine: frontier?.engine,
    fingerprint: frontier?.fingerprint,
    seen: frontier?.seen ?? {},
    next: undefined,
  };
}

function isHead(value: unknown): value is Head {
  if (typeof value !== 'object' || value === null) return false;
  const { seq, id } = value as Partial<Head>;
  return isCount(seq) && isUlid(id);
}

/** Tells whether a decoded value is a seal: it comes from a file that anybody may have written. */
export function isSeal(value: unknown): value is Seal {
  if (typeof value !== 'object' || value === null) return false;
  const { no, by, H, V, chain } = value as Partial<Record<keyof Seal, unknown>>;
  return (
    isCount(no) &&
    isStreamKey(by) &&
    isUlid(H) &&
    isCounts(V) &&
    Array.isArray(chain) &&
    chain.length === no - 1 &&
    chain.every((hash) => typeof hash === 'string' && SEAL_HASH.test(hash))
  );
}

/** Counts by stream; a key that names no stream makes them none, so that nothing else ever comes out of such a file. */
function isCounts(value: unknown): value is Readonly<Record<string, number>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  return Object.entries(value).every(([key, count]) => isStreamKey(key) && (count === 0 || isCount(count)));
}

function isStandIn(snapshot: object): boolean {
  const { events } = snapshot as { events?: unknown };
  return events === 0 || isCount(events);
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) > 0;
}

function isNumbered(value: unknown, text: string, form: RegExp): value is object {
  if (typeof value !== 'object' || value === null) return false;
  const fields = value as Record<string, unknown>;
  return isCount(fields.no) && typeof fields[text] === 'string' && form.test(fields[text]);
}
