import { counted } from '../article.js';
import type { PrevalentError } from '../errors.js';
import type { Crc32 } from '../event/checksum.js';
import { type StreamHeader, type StreamId, streamKey } from '../event/event.js';
import { encodeFrontier, type Frontier, type Head, type Seal, withRest } from './frontier.js';

/** What a store finds when a master opens its journal, and the answer that it carries out: plain data, the same for every store. */

/** What a machine alone knows about a master that it has opened. */
export interface Session {
  /** Identity of this machine's copy of the master. */
  readonly session: string;
  /** The epoch it writes; `undefined` if it never wrote one. */
  readonly epoch: string | undefined;
  /** The last event it has published; written before it is published. */
  readonly head: Head | undefined;
  /** The newest seal it has made or adopted; written before it is published. */
  readonly seal: Seal | undefined;
  /** Events of that epoch, from the first, that it may have deleted; written before they are. */
  readonly deletable: number;
  /** The others' streams that its state was built from when it last published; `undefined` if it never published. */
  readonly seen?: readonly string[] | undefined;
  /** For each earlier epoch, the last event that it has re-issued. */
  readonly moved?: Readonly<Record<string, number>>;
  /** By earlier epochs: the last event that was published there. */
  readonly ends?: Readonly<Record<string, number>>;
}

/** One stream of the store: its first line and its frontier, as far as they can be read. */
export interface StreamFound {
  readonly stream: StreamId;
  readonly header: StreamHeader | undefined;
  readonly frontier: Frontier | undefined;
}

/** What was read of the newest journal. */
export interface JournalFound {
  /** Whether it begins with its header, and can be continued at its end. */
  readonly isWhole: boolean;
  /** Its last event. */
  readonly head: Head | undefined;
}

/** What a store finds before it opens a journal. */
export interface OpeningFacts {
  /** Whose journal is opened. */
  readonly master: string;
  readonly model: string;
  /** How messages name the store. */
  readonly location: string;
  /** How messages name where this machine remembers; `undefined` if that needs no name. */
  readonly memory?: string | undefined;
  /** What this machine remembers of the master; `undefined` if it never opened it, or forgot. */
  readonly session: Session | undefined;
  /** All streams of the store, this master's included. */
  readonly streams: readonly StreamFound[];
  /** Of this master's streams, the newest one that has a journal. */
  readonly newest: StreamFound | undefined;
  /** What was read of that one's journal; `undefined` until it is asked for. */
  readonly journal: JournalFound | undefined;
}

/** What a master remembers when it continues, in this or another stream. */
export interface Carried {
  readonly seal: Seal | undefined;
  readonly moved: Readonly<Record<string, number>>;
  readonly ends: Readonly<Record<string, number>>;
}

/** What a store has to do to open a journal. */
export type Opening =
  /** Check every line of the newest journal beyond what was published, and ask again. */
  | { readonly kind: 'read'; readonly published: number; readonly deletable: number }
  /** Continue at the end of the newest journal. */
  | {
      readonly kind: 'continue';
      readonly remembered: Carried;
      /** Events up to this one may have been read by others. */
      readonly published: number;
      /** Events up to this one may be missing, because a snapshot replaces them. */
      readonly deletable: number;
    }
  /** Begin a new stream. */
  | {
      readonly kind: 'begin';
      readonly remembered: Carried;
      readonly reason: 'new' | 'restored';
      /** The session that continues; `undefined` if a new one begins with the stream. */
      readonly session: string | undefined;
      /** First publish the events of the newest journal beyond its frontier (`restOf`). */
      readonly publishesRest: boolean;
      /** What to report about it. */
      readonly notice: string | undefined;
    }
  /** Open nothing, and change nothing. */
  | { readonly kind: 'refuse'; readonly error: PrevalentError };

/** The first line of a stream that begins. @param epoch a new one */
export function headerOf(
  { master, model }: Pick<StreamHeader, 'master' | 'model'>,
  epoch: string,
  { session, reason }: Extract<Opening, { kind: 'begin' }>,
): StreamHeader {
  return { master, epoch, model, session: session ?? epoch, reason, after: null };
}

/** Publishes the rest of a stream that is left: its new frontier, and what to report about it. */
export interface Rest {
  readonly frontier: string;
  readonly notice: string;
}

/** What is to be published of a stream before it is left. @param head its last event; gives `undefined` if others know of that */
export function restOf(
  header: StreamHeader,
  frontier: Frontier | undefined,
  head: Head | undefined,
  crc32: Crc32,
): Rest | undefined {
  const published = frontier?.head?.seq ?? 0;
  if (head === undefined || head.seq <= published) return undefined;
  return {
    frontier: encodeFrontier(withRest(frontier, header.session, head), crc32),
    notice: `Published ${counted(head.seq - published, 'event')} of ${streamKey(header)} that its writer had not published.`,
  };
}
