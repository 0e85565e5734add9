import { type Crc32, openLine, sealLine } from '../event/checksum.js';
import { isUlid } from '../event/ulid.js';
import type { Head } from './store.js';

/** What a master publishes about its stream; others believe nothing beyond it. */
export interface Frontier {
  /** Every later event of this master has a greater id. */
  readonly clock: string;
  /** The last event others may read; `undefined` while there is none. */
  readonly head: Head | undefined;
  /** Session of the machine that writes the stream. */
  readonly session: string;
  /** Tells whether two masters run the same model code as far as names and versions go. */
  readonly modelHash: string;
  /** What this master has accepted of the others; for status only. */
  readonly seen: Readonly<Record<string, number>>;
}

/** The frontier's text: one sealed JSON line. */
export function encodeFrontier(frontier: Frontier, crc32: Crc32): string {
  const { clock, head, session, modelHash, seen } = frontier;
  return (
    sealLine(
      JSON.stringify({ v: 1, clock, head: head ?? null, seal: null, snapshot: null, session, modelHash, seen }).slice(
        0,
        -1,
      ),
      crc32,
    ) + '\n'
  );
}

/** Reads a frontier; one that is missing, torn, foreign or newer than this code is only "not heard from". */
export function decodeFrontier(text: string | undefined, crc32: Crc32): Frontier | undefined {
  const value = text === undefined ? undefined : openLine(text.trimEnd(), crc32);
  if (typeof value !== 'object' || value === null) return undefined;
  const { v, clock, head, session, modelHash, seen } = value as Record<string, unknown>;
  if (
    v !== 1 ||
    !isUlid(clock) ||
    typeof session !== 'string' ||
    typeof modelHash !== 'string' ||
    typeof seen !== 'object' ||
    seen === null
  )
    return undefined;
  if (head !== null && !isHead(head)) return undefined;
  return { clock, head: head ?? undefined, session, modelHash, seen: seen as Record<string, number> };
}

function isHead(value: unknown): value is Head {
  if (typeof value !== 'object') return false;
  const { seq, id } = value as Partial<Head>;
  return Number.isSafeInteger(seq) && (seq ?? 0) > 0 && isUlid(id);
}
