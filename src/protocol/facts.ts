import type { Event, StreamHeader } from '../event/event.js';
import type { PrevalentError } from '../errors.js';
import type { Head, Seal } from '../store/frontier.js';
import type { Base } from '../timeline/fold.js';
import type { Entry } from '../timeline/entry.js';
import type { VersionVector } from '../timeline/timeline.js';
import type { Obstacle } from '../timeline/call-factory.js';
import type { Hold } from './hold.js';

/**
 * What one master knows, as plain data at one moment: what every decision is given beside what was seen.
 *
 * Invariants: nobody changes it while it is decided; what `state` holds was accepted, and what is `durable` is on disk.
 */

/** What an operator may ask of `compact()`. */
export interface CompactOptions {
  /** Makes this master the sealer in place of another one. Only if that one is gone for good. Default: false. */
  readonly takeOver?: boolean;
  /** Seals without waiting for streams that need a newer program; their masters re-issue the excluded calls. Default: false. */
  readonly cutHeld?: boolean;
}

/** What a master was told by its options. */
export interface Settings {
  readonly sealer: boolean;
  /** How long (ms) an event stays open. */
  readonly retention: number;
  /** How long (ms) a master that says nothing is waited for. */
  readonly patience: number;
  /** How far (ms) clocks may differ. */
  readonly maxClockDrift: number;
}

/** The stream that is written. */
export interface OwnFacts {
  readonly key: string;
  readonly header: StreamHeader;
  /** Its last event on disk. */
  readonly durable: Head | undefined;
  /** Last event that was handed over to the store. */
  readonly last: Head | undefined;
  /** Why nothing more can be written; `undefined` while it can. */
  readonly failure: PrevalentError | undefined;
  /** Last event of each earlier epoch that this machine remembers to have issued again. */
  readonly moved: Readonly<Record<string, number>>;
  /** By earlier epochs of this machine: the last event it had published there. */
  readonly ends: Readonly<Record<string, number>>;
}

/** The state. */
export interface StateFacts {
  /** Whether it was ever built: at a start it was not. */
  readonly isBuilt: boolean;
  /** How many events of each stream it holds. */
  readonly accepted: VersionVector;
  /** As `accepted`; before the state is built, what it held before this start, as far as that was published. */
  readonly seen: VersionVector;
  /** The last accepted id of each stream, as far as known. */
  readonly lastIds: ReadonlyMap<string, string>;
  /** Id up to which nothing can be undone. */
  readonly base: string;
  readonly baseVector: VersionVector;
  /** Events after the base, in ULID order. */
  readonly entries: readonly Entry[];
  /** The state before any event. */
  readonly genesis: Base;
}

/** A snapshot at a seal, and the fingerprint of the state in it. */
export interface SealedSnapshot {
  readonly no: number;
  readonly position: string;
  readonly fingerprint: string;
  /** By stream: how many of its events, from the first, it stands in for. */
  readonly V: Readonly<Record<string, number>>;
}

/** What others can read of this master. */
export interface PublishedFacts {
  /** The promise last published: every later event of this stream has a greater id. */
  readonly clock: string;
  /** The snapshot that others may start from instead of events that are deleted. */
  readonly snapshot: SealedSnapshot | undefined;
}

/** A snapshot of its own that a master can start from as long as no event comes in before it. */
export interface Saved {
  readonly position: string;
  readonly vector: VersionVector;
  /** Hash of the seal that the state in it obeys; `undefined` if there was none. */
  readonly under: string | undefined;
}

/** A stream whose files no longer hold what was accepted of it, and how it looked when that was found. */
export interface Gone {
  readonly mark: string;
  /** What happened and what to do. */
  readonly message: string;
  /** Where its stream is held; `undefined` if a seal names all that is gone: that is final, and only has to be kept. */
  readonly hold: Hold | undefined;
}

/** What one master knows. */
export interface Facts {
  readonly settings: Settings;
  /** Wall clock in ms. */
  readonly now: number;
  /** How messages name the store. */
  readonly location: string;
  readonly own: OwnFacts;
  /** The seal in force. */
  readonly seal: Seal | undefined;
  /** Whether the state holds nothing any more that the seal in force says does not count. */
  readonly isObeyed: boolean;
  /** Number of a seal that waits until its time has come: nothing may be sealed beside it. 0 if there is none. */
  readonly future: number;
  /** Streams that a seal has cut, with how many of their events count. */
  readonly cut: VersionVector;
  readonly state: StateFacts;
  readonly published: PublishedFacts;
  /** What the others' clocks were last known to promise, by stream. */
  readonly promises: ReadonlyMap<string, string>;
  /** Streams whose files no longer hold what was accepted of them, by key. */
  readonly gone: ReadonlyMap<string, Gone>;
  /** The newest snapshot in the own stream that a start can use. */
  readonly saved: Saved | undefined;
  /** Which snapshots do not stand in for what is missing. */
  readonly tried: string;
  /** What the snapshots hold that this program cannot use for now, and what to do about it. */
  readonly unusable: readonly string[];
  /** Up to where it was last looked for something to seal. */
  readonly countedTo: string;
  /** Under which circumstances it was last looked for what can go. */
  readonly shedUnder: string;
  /** Bytes of the last snapshot at a seal: what deleting must exceed to be worth another one. */
  readonly snapshotBytes: number;
  /** What an operator asked for; `undefined` in an ordinary sync. */
  readonly asked: CompactOptions | undefined;
  /** What keeps this program from running an event. */
  readonly obstacle: (event: Event) => Obstacle | undefined;
}

/** Nothing can be decided now, and nothing is changed. */
export interface Refusal {
  readonly kind: 'refusal';
  readonly error: PrevalentError;
  /** It is about this master's own journal: the store may tell where that is damaged. */
  readonly own: boolean;
}
