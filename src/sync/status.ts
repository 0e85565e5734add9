import type { Hold } from '../protocol/hold.js';
import type { Replica } from '../replica/replica.js';
import type { Seal } from '../store/frontier.js';
import type { Known } from './known.js';
import type { OwnStream } from './own-stream.js';

/** What `status()` returns. */
export interface Status {
  /** Name of this master. */
  readonly name: string;
  /** Path of the shared folder, or the name that the store gives itself. */
  readonly store: string;
  /** Epoch of the stream this master writes. */
  readonly epoch: string;
  /** By `master@epoch`: how many events the state contains, and how many its master has published, as of the last sync. */
  readonly streams: Readonly<Record<string, { readonly accepted: number; readonly published: number }>>;
  /** By master: its JavaScript engine, such as `v8 12.4`, as of the last sync. Results of `**` and `Intl` may differ between engines. */
  readonly engines: Readonly<Record<string, string>>;
  /** Own calls that are not on disk yet. */
  readonly pending: number;
  /** Streams whose next event cannot be accepted yet, and why. */
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
  /** Reports since this master was opened that need no answer: a torn tail was cut, a new epoch has begun, a snapshot was skipped. */
  readonly notices: readonly string[];
}

/** Where a master stands; publishes and fetches nothing. */
export async function statusOf(
  known: Known,
  { accepted, timeline, refusal }: Replica,
  own: OwnStream,
): Promise<Status> {
  const { engine, engines } = known;
  const published = new Map(known.heads).set(own.key, known.published);
  const keys = [...new Set([...accepted.keys(), ...published.keys()])].sort();
  return {
    name: own.header.master,
    store: own.location,
    epoch: own.header.epoch,
    streams: Object.fromEntries(
      keys.map((key) => [key, { accepted: accepted.get(key) ?? 0, published: published.get(key) ?? 0 }]),
    ),
    engines: Object.fromEntries([
      ...engines,
      ...(engine === undefined ? [] : [[own.header.master, engine]]),
    ]) as Status['engines'],
    pending: (own.last?.seq ?? 0) - (own.durable?.seq ?? 0),
    held: known.holds,
    seal: known.seal,
    cut: Object.fromEntries(known.cut),
    undo: { bytes: timeline.undoBytes, base: timeline.base },
    files: await own.size(),
    readOnly: (refusal ?? timeline.stopped)?.message,
    notices: known.notices,
  };
}
