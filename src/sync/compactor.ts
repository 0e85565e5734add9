import { HistoryDeletedError, JournalDamagedError } from '../errors.js';
import { type StreamHeader, streamKey } from '../event/envelope.js';
import { ULID_MIN, ulidTime } from '../event/ulid.js';
import type { Seal } from '../store/frontier.js';
import type { Store } from '../store/store.js';
import type { History, PastState } from './history.js';
import type { Hold } from './merge.js';
import type { ResolvedOptions } from './options.js';
import type { OwnStream } from './own-stream.js';
import type { Publisher } from './publisher.js';
import type { Replica } from './replica.js';
import { knownEnd, movedUpTo } from './reissue.js';
import { holdsAllOf, nextSeal } from './seal.js';
import type { Sealing } from './sealing.js';
import type { Snapshots } from './snapshots.js';
import type { Snapshotter, TakenSnapshot } from './snapshotter.js';
import { stableCut } from './stable-cut.js';
import type { Heard, Streams } from './streams.js';

/** What an operator may ask of `compact()`. */
export interface CompactOptions {
  /** Makes this master the sealer although another one was: only when that one is gone for good. Default: false. */
  readonly takeOver?: boolean;
  /** Seals without waiting for streams that this program is too old to read; their masters issue the calls again. Default: false. */
  readonly cutHeld?: boolean;
}

/** What `compact()` did. */
export interface CompactReport {
  /** The seal in force; `undefined` if nothing could be sealed yet. */
  readonly seal: Seal | undefined;
  /** Which masters held which seal before. */
  readonly holders: readonly { readonly master: string; readonly no: number; readonly by: string }[];
  /** Bytes of this master's files that were deleted. */
  readonly freed: number;
  /** Why nothing was sealed or deleted, or not more: a stream that is waited for, events that have not arrived. */
  readonly waiting: readonly string[];
}

/** What a compactor works with. */
export interface CompactorParts {
  readonly replica: Replica;
  readonly store: Store;
  readonly own: OwnStream;
  readonly streams: Streams;
  readonly sealing: Sealing;
  readonly publisher: Publisher;
  readonly snapshots: Snapshots;
  readonly snapshotter: Snapshotter;
  readonly history: History;
  readonly options: ResolvedOptions;
}

/** The last moment (ms) that a date can tell. */
const LAST_TIME = 8.64e15;

/** Makes seals, and deletes what a snapshot at a seal stands in for. */
export class Compactor {
  readonly #parts: CompactorParts;
  /** Bytes of the last snapshot at a seal: what deleting must exceed to be worth another one. */
  #snapshotBytes = 0;
  /** Under which circumstances it was last looked for what can go: until they change, nothing more can. */
  #looked = '';
  /** Number of the seal at which the last segment was ended. */
  #rotatedAt: number | undefined;
  /** Up to where it was last looked for something to seal. */
  #countedTo = ULID_MIN;

  constructor(parts: CompactorParts) {
    this.#parts = parts;
  }

  /**
   * After a sync: seals if this master is the sealer and it is time, and deletes what is worth it.
   *
   * @param asked what an operator asked for; `undefined` in an ordinary sync
   */
  async run(heard: readonly Heard[], held: readonly Hold[], asked?: CompactOptions): Promise<CompactReport> {
    const holders = heard.flatMap(({ stream, frontier }) =>
      frontier?.seal === undefined ? [] : [{ master: stream.master, no: frontier.seal.no, by: frontier.seal.by }],
    );
    const waiting: string[] = [];
    await this.#rotate();
    const by = this.#parts.sealing.seal?.by;
    if (asked !== undefined && !this.#maySeal(asked))
      waiting.push(`${by ?? 'another master'} makes the seals; compact({ takeOver: true }) if it is gone for good`);
    if (this.#maySeal(asked)) await this.#seal(heard, held, asked, waiting);
    const freed = await this.#delete(heard, asked !== undefined, waiting);
    return { seal: this.#parts.sealing.seal, holders, freed, waiting };
  }

  #maySeal(asked: CompactOptions | undefined): boolean {
    const { seal } = this.#parts.sealing;
    if (asked?.takeOver === true) return true;
    return seal === undefined ? this.#parts.options.sealer || asked !== undefined : seal.by === this.#parts.own.key;
  }

  async #seal(
    heard: readonly Heard[],
    held: readonly Hold[],
    asked: CompactOptions | undefined,
    waiting: string[],
  ): Promise<void> {
    const { seal: last, future } = this.#parts.sealing;
    if (future > 0) {
      waiting.push(`seal ${future} is known, but lies in the future; check the clocks`);
      return;
    }
    const { accepted, lastIds } = this.#parts.replica;
    const { retention, patience } = this.#parts.options;
    const promises = this.#parts.sealing
      .promises(heard, accepted, lastIds, held)
      .filter(({ key }) => key !== this.#parts.own.key)
      .map((one) => (asked?.cutHeld === true ? { ...one, waited: false } : one));
    promises.push({ key: this.#parts.own.key, clock: this.#parts.publisher.clock, waited: true });
    const { H, heldBy } = stableCut({ now: this.#parts.options.now(), retention, patience, promises });
    if (heldBy !== undefined && heldBy !== this.#parts.own.key) waiting.push(this.#waitedFor(heldBy, H, patience));
    if (last !== undefined && H <= last.H) return;
    const from = last === undefined || last.H < this.#countedTo ? this.#countedTo : last.H;
    const isDue = ulidTime(H) - ulidTime(from) >= retention / 4;
    if (!isDue && asked === undefined) return;
    // Up to there nothing may have been new; it is not counted again until some time has passed.
    this.#countedTo = H;
    const counted = await this.#countUpTo(H, last);
    if (counted === undefined) {
      waiting.push('events that lie behind the undo memory cannot be read to be counted');
      return;
    }
    const next = nextSeal(last, this.#parts.own.key, H, counted);
    const isNews = JSON.stringify(next.V) !== JSON.stringify(last?.V ?? {});
    if (!isNews && !(asked?.takeOver === true && last?.by !== this.#parts.own.key)) return;
    // In force before it is published: if that fails half-way, others may have seen it, and no other may ever have its number.
    this.#parts.sealing.adopt(next);
    this.#parts.sealing.settle();
    this.#parts.replica.clock.observe(H);
    await this.#parts.publisher.publish();
    await this.#rotate();
  }

  #waitedFor(key: string, H: string, patience: number): string {
    const [heard, until] = [ulidTime(H), ulidTime(H) + patience].map((time) =>
      new Date(Math.min(time, LAST_TIME)).toISOString(),
    );
    return `${key} has not been heard past ${heard}; it is waited for until ${until}`;
  }

  /** At each new seal a segment ends, so that it can be deleted as a whole one day. */
  async #rotate(): Promise<void> {
    const no = this.#parts.sealing.seal?.no;
    if (no === this.#rotatedAt) return;
    this.#rotatedAt = no;
    await this.#parts.own.journal.rotate();
  }

  /** How many events of each stream lie at or before `H`; `undefined` if that cannot be read now. */
  async #countUpTo(H: string, last: Seal | undefined): Promise<ReadonlyMap<string, number> | undefined> {
    const { timeline, accepted } = this.#parts.replica;
    if (H >= timeline.base) return timeline.vectorAt(H);
    const counted = new Map<string, number>();
    for (const [key, count] of [...accepted]) {
      const [master = '', epoch = ''] = key.split('@');
      const named = last?.V[key] ?? 0;
      const events = await this.#parts.streams.events({ master, epoch }, named, count);
      if (events.length < count - named) return undefined;
      const upTo = events.filter(({ id }) => id <= H).length;
      if (named + upTo > 0) counted.set(key, named + upTo);
    }
    return counted;
  }

  /** Moves the base to the seal, offers a snapshot of it to others, and deletes what it stands in for. */
  async #delete(heard: readonly Heard[], isAsked: boolean, waiting: string[]): Promise<number> {
    const { seal } = this.#parts.sealing;
    if (seal === undefined) return 0;
    const { timeline, accepted } = this.#parts.replica;
    if (!holdsAllOf(seal, accepted)) {
      waiting.push(`events that seal ${seal.no} names have not arrived yet`);
      return 0;
    }
    timeline.advanceBase(seal.H);
    if (!isAsked && this.#looked === this.#circumstances(seal, heard)) return 0;
    // Before it is tried: a disk that is full now is not asked again at every sync.
    this.#looked = this.#circumstances(seal, heard);
    const freed = await this.#deleteUnder(seal, heard, isAsked, waiting);
    this.#looked = this.#circumstances(seal, heard);
    return freed;
  }

  #circumstances(seal: Seal, heard: readonly Heard[]): string {
    const own = heard.filter((one) => one.own).map(({ stream }) => stream.epoch);
    return [seal.no, this.#parts.publisher.snapshot?.no, this.#parts.own.key, ...own].join(' ');
  }

  async #deleteUnder(seal: Seal, heard: readonly Heard[], isAsked: boolean, waiting: string[]): Promise<number> {
    const { timeline } = this.#parts.replica;
    if (this.#parts.publisher.snapshot?.no !== seal.no) {
      // A frontier that was put back to an older copy may have lost an offer that others need.
      const isRestored = this.#parts.own.header.reason === 'restored' && this.#parts.publisher.snapshot === undefined;
      if (!isAsked && !isRestored && (await this.#deletable(heard, seal)) <= this.#snapshotBytes)
        return this.#deleteCovered(heard);
      const point = { position: seal.H, vector: new Map(Object.entries(seal.V)), seal: seal.no };
      const { snapshotter } = this.#parts;
      // The state at the seal is reached by undoing, or, if that is forgotten, by a replay beside the live one.
      const past = timeline.base <= seal.H ? undefined : await this.#replayed(seal, waiting);
      if (past === undefined && timeline.base > seal.H) return this.#deleteCovered(heard);
      // Before another snapshot is taken, and some are removed: this one must be known to be needed by then.
      const offer = async ({ fingerprint, bytes }: TakenSnapshot): Promise<void> => {
        this.#snapshotBytes = bytes;
        this.#parts.publisher.offer({ no: seal.no, position: seal.H, fingerprint, V: seal.V });
        await this.#parts.publisher.publish();
        await this.#parts.snapshots.prune(() => this.#parts.publisher.standIns);
      };
      await (past === undefined ? snapshotter.takeAt(point, offer) : snapshotter.save(point, past, offer));
    }
    return this.#deleteCovered(heard);
  }

  // Others may have deleted it under a later seal already; then the snapshot waits for that one.
  async #replayed(seal: Seal, waiting: string[]): Promise<PastState | undefined> {
    try {
      return await this.#parts.history.stateAt(seal.H);
    } catch (error) {
      if (!(error instanceof HistoryDeletedError) && !(error instanceof JournalDamagedError)) throw error;
      waiting.push(`the state at seal ${seal.no} cannot be built now: ${error.message}`);
      return undefined;
    }
  }

  /** Deletes what the published snapshot stands in for: cut streams first, and nothing of their successors before. */
  async #deleteCovered(heard: readonly Heard[]): Promise<number> {
    const snapshot = this.#parts.publisher.snapshot;
    const { seal } = this.#parts.sealing;
    if (snapshot === undefined || seal?.no !== snapshot.no) return 0;
    const { journal } = this.#parts.own;
    const { cut, others } = await this.#ownStreams(heard, seal);
    let freed = 0;
    for (const stream of cut) freed += await journal.deleteStream(stream);
    for (const stream of others) freed += await journal.deleteEvents(stream, seal.V[streamKey(stream)] ?? 0);
    return freed;
  }

  /** Bytes that can go when a snapshot at the seal stands in for them. */
  async #deletable(heard: readonly Heard[], seal: Seal): Promise<number> {
    const { journal } = this.#parts.own;
    const { cut, others } = await this.#ownStreams(heard, seal);
    let bytes = 0;
    for (const stream of cut) bytes += await journal.deletableStream(stream);
    for (const stream of others) bytes += await journal.deletableEvents(stream, seal.V[streamKey(stream)] ?? 0);
    return bytes;
  }

  /**
   * This machine's own streams, oldest first: those that were cut and whose successor is readable to all who know the seal, and the others. A
   * stream is left as well, although all of it counts, to issue the calls of another one under this name again.
   */
  async #ownStreams(
    heard: readonly Heard[],
    seal: Seal,
  ): Promise<{ readonly cut: readonly StreamHeader[]; readonly others: readonly StreamHeader[] }> {
    const { header } = this.#parts.own;
    const headers = await this.#headers(heard);
    const cut = await this.#cutStreams(headers, heard, seal);
    const left = headers.filter(
      (one) => one.session === header.session && one.epoch !== header.epoch && !cut.includes(one),
    );
    return { cut, others: [...left, header] };
  }

  /** All streams under this master's name. */
  async #headers(heard: readonly Heard[]): Promise<StreamHeader[]> {
    const headers: StreamHeader[] = [];
    for (const { stream, own } of heard) {
      const header = own ? await this.#parts.store.header(stream) : undefined;
      if (header !== undefined) headers.push(header);
    }
    return headers;
  }

  /** This machine's own streams that were cut and whose successor is readable to all who know the seal, oldest first. */
  async #cutStreams(headers: readonly StreamHeader[], heard: readonly Heard[], seal: Seal): Promise<StreamHeader[]> {
    const said = heard.map(({ stream, frontier }) => ({
      key: streamKey(stream),
      head: frontier?.head?.seq ?? 0,
      seen: frontier?.seen ?? {},
    }));
    const over: StreamHeader[] = [];
    for (const header of headers) {
      const moved = movedUpTo(header, headers);
      const successor = headers.find((one) => (one.moved?.[header.epoch] ?? -1) >= moved);
      if (header.session !== this.#parts.own.header.session || (successor?.after ?? '~') > seal.H) continue;
      // Only if all that it ever held was issued again: what is missing here may come back from another copy.
      const end = Math.max(knownEnd(streamKey(header), said), this.#parts.own.journal.ends[header.epoch] ?? 0);
      const isWhole = moved >= end;
      if (isWhole && (await this.#parts.streams.events(header, moved, moved + 1)).length === 0) over.push(header);
    }
    return over.sort((left, right) => (left.epoch < right.epoch ? -1 : 1));
  }
}
