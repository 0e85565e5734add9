import type { Seal } from '../store/frontier.js';
import type { Hold } from './merge.js';

/** What `status()` tells. */
export interface Status {
  /** Name of this master. */
  readonly name: string;
  /** Where the masters meet: path of the shared folder, or what the store calls itself. */
  readonly store: string;
  /** Epoch of the stream this master writes. */
  readonly epoch: string;
  /** By `master@epoch`: how many events the state contains, and how many its master has published as far as heard. */
  readonly streams: Readonly<Record<string, { readonly accepted: number; readonly published: number }>>;
  /** Own calls that are not on disk yet. */
  readonly pending: number;
  /** Streams that go no further for now, and why. */
  readonly held: readonly Hold[];
  /** The seal in force: up to `H`, history is final; `undefined` while nothing was ever sealed. */
  readonly seal: Seal | undefined;
  /** Own streams and others' that a seal has cut, with how many of their events count. */
  readonly cut: Readonly<Record<string, number>>;
  /** Undo data in memory, and up to which event there is none. */
  readonly undo: { readonly bytes: number; readonly base: string };
  /** Bytes of this master's own files. */
  readonly files: { readonly journal: number; readonly snapshots: number };
  /** Why no calls are taken; `undefined` while they are. */
  readonly readOnly: string | undefined;
  /** What happened since this master was opened and needs no answer: a torn tail cut, a new epoch begun, a snapshot passed over. */
  readonly notices: readonly string[];
}
