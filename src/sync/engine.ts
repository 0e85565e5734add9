import { JournalDamagedError, MasterClosedError, PrevalentError, StoreUnreachableError } from '../errors.js';
import { type Event, streamKey } from '../event/envelope.js';
import { GroupCommit } from '../store/group-commit.js';
import type { Journal, Store } from '../store/store.js';
import type { Base } from '../timeline/fold.js';
import { BEHIND_BASE, type Entry, genesisBase } from '../timeline/timeline.js';
import { Gatherer } from './gatherer.js';
import type { Hold } from './merge.js';
import type { SyncReport } from './notices.js';
import type { ResolvedOptions } from './options.js';
import { Publisher } from './publisher.js';
import type { Merge, Replica } from './replica.js';
import { Snapshots } from './snapshots.js';
import { Streams } from './streams.js';

/** What a merge or a rebuild did. */
interface Merged extends Merge {
  readonly received: readonly Event[];
}

const NOTHING: Merge = { undone: 0, replayed: 0, changes: new Map() };

/** Moves bytes between one replica and its store; what to do is decided by pure functions. */
export class Engine {
  readonly replica: Replica;
  readonly journal: Journal;
  readonly commit: GroupCommit;
  /** Everything that reads the store. */
  readonly streams: Streams;
  readonly #snapshots: Snapshots;
  readonly #gatherer: Gatherer;
  readonly #publisher: Publisher;
  readonly #store: Store;
  readonly #options: ResolvedOptions;
  readonly #notices: string[];
  #held: readonly Hold[] = [];
  #sinceSnapshot = 0;
  #running: Promise<SyncReport> | undefined;
  #next: Promise<SyncReport> | undefined;
  #snapshotting: Promise<void> | undefined;

  constructor(replica: Replica, store: Store, journal: Journal, options: ResolvedOptions) {
    this.replica = replica;
    this.journal = journal;
    this.#store = store;
    this.#options = options;
    this.#notices = journal.notices.map(({ message }) => message);
    this.commit = new GroupCommit(journal, options.durability, (failure) => {
      this.#diskRefused(failure);
    });
    this.streams = new Streams(store, journal);
    this.#snapshots = new Snapshots(journal, replica.definition, replica.classes, store.crc32);
    this.#gatherer = new Gatherer(replica, store, this.streams, this.#snapshots, this.commit, options);
    this.#publisher = new Publisher(replica, journal, store, this.commit);
  }

  /** What happened at the start: a torn tail cut, a new epoch begun, a damaged snapshot skipped. */
  get notices(): readonly string[] {
    return this.#notices;
  }

  /** Streams that go no further for now. */
  get held(): readonly Hold[] {
    return this.#held;
  }

  /** Recovers the state from the newest valid snapshot and the journals, and publishes what was not published yet. */
  async load(): Promise<void> {
    const { base, plan } = await this.#gatherer.everything((error) => this.#notices.push(error.message));
    this.replica.rebuild(base, plan.accept);
    this.replica.attach(this.journal.header, this.commit, this.#store, () => {
      this.#countEvents(1);
    });
    this.#held = plan.held;
    this.#sinceSnapshot = plan.accept.length;
    this.#noticeMissing(await this.streams.seenBefore());
    await this.#publisher.publish();
    if (this.#sinceSnapshot >= this.#options.snapshotEvery) await this.snapshot();
  }

  /**
   * Publishes, fetches, merges. Calls during a sync share the next one, so that it includes what was called before.
   *
   * @throws StoreUnreachableError (`STORE_UNREACHABLE`) if the store cannot be read or written
   */
  sync(): Promise<SyncReport> {
    if (this.#running === undefined) {
      this.#running = this.#reaching(() => this.#syncOnce()).finally(() => {
        this.#running = undefined;
      });
      return this.#running;
    }
    this.#next ??= this.#running.then(
      () => this.#takeNext(),
      () => this.#takeNext(),
    );
    return this.#next;
  }

  /** Writes a snapshot of everything durable; nothing if there is a newest one of it already. */
  async snapshot(): Promise<void> {
    this.#snapshotting ??= this.#takeSnapshot().finally(() => {
      this.#snapshotting = undefined;
    });
    return this.#snapshotting;
  }

  /** Counts events towards the next snapshot, and takes it in the background when it is due. */
  #countEvents(count: number): void {
    this.#sinceSnapshot += count;
    if (this.#sinceSnapshot < this.#options.snapshotEvery || this.#snapshotting !== undefined) return;
    this.snapshot().catch((error: unknown) => {
      this.replica.notifier.tell('error', error as Error);
    });
  }

  /** Makes everything durable and public, and releases the journal. */
  async close(): Promise<void> {
    try {
      await this.#running?.catch(() => undefined);
      if (this.commit.failure === undefined) {
        await this.commit.settle();
        await this.#reaching(() => this.#publisher.publish());
        if (this.#sinceSnapshot * 10 >= this.#options.snapshotEvery && this.replica.timeline.stopped === undefined)
          await this.snapshot();
      }
      await this.#snapshotting;
    } finally {
      await this.journal.close();
    }
  }

  // Somebody restored an older copy of others' folders: what was accepted before is not there to be read again.
  #noticeMissing(seen: Readonly<Record<string, number>>): void {
    for (const [key, seq] of Object.entries(seen)) {
      const has = this.replica.accepted.get(key) ?? 0;
      if (has < seq)
        this.#notices.push(
          `The state once contained ${seq} events of ${key}, of which ${this.#store.location} holds only ${has} now; the others are merged again as soon as they arrive.`,
        );
    }
  }

  /** Gives what the store itself throws a code and a remedy. */
  async #reaching<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof PrevalentError || typeof (error as { code?: unknown }).code !== 'string') throw error;
      throw new StoreUnreachableError(
        `${this.#store.location} could not be read or written (${(error as Error).message}). Nothing is lost; make it reachable and sync again.`,
        { cause: error },
      );
    }
  }

  #takeNext(): Promise<SyncReport> {
    this.#next = undefined;
    return this.sync();
  }

  async #syncOnce(): Promise<SyncReport> {
    const { replica } = this;
    const began = this.#options.now();
    if (replica.refusal instanceof MasterClosedError) throw replica.refusal;
    const published = this.#publisher.published;
    if (this.commit.failure === undefined) {
      await this.commit.settle();
      await this.#publisher.publish();
    }
    const plan = await this.#gatherer.news();
    const before = new Map(replica.timeline.rejections().map((entry) => [entry.event.id, entry]));
    const merged = plan.accept.length === 0 ? NOTHING : replica.merge(plan.accept);
    const done: Merged = merged === BEHIND_BASE ? await this.#rebuild() : { ...merged, received: plan.accept };
    const now = replica.timeline.rejections();
    const report: SyncReport = {
      received: done.received.length,
      replayed: done.replayed,
      undone: done.undone,
      rejected: now.filter(({ event }) => !before.has(event.id)).length,
      held: plan.held,
      published: this.#publisher.published - published,
      seal: undefined,
      ms: this.#options.now() - began,
    };
    this.#tell(done, changedOutcomes(before, now, done.received), report);
    this.#countEvents(done.received.length);
    return report;
  }

  /** A late event lies before what can be undone: the state is built anew, from a snapshot before it or from genesis. */
  async #rebuild(): Promise<Merged> {
    const { replica } = this;
    await this.commit.settle();
    const { base, plan } = await this.#gatherer.everything((error) => {
      replica.notifier.tell('error', error);
    });
    const events = this.#withUnread(base, plan.accept);
    const counted = new Map(base.vector);
    for (const event of events) counted.set(streamKey(event), event.seq);
    for (const [key, seq] of replica.accepted) {
      if ((counted.get(key) ?? 0) >= seq) continue;
      throw new JournalDamagedError(
        `A late event needs the history of ${key} up to event ${seq}, but only ${counted.get(key) ?? 0} can be read in ${this.#store.location}. ` +
          'Nothing was changed; sync the folder again, the merge is tried at the next sync.',
      );
    }
    const undone = replica.timeline.entries.length;
    const received = events.filter((event) => event.seq > (replica.accepted.get(streamKey(event)) ?? 0));
    replica.rebuild(base, events);
    return { undone, replayed: events.length, received, changes: new Map() };
  }

  // Calls made while the store was read are in memory only.
  #withUnread(base: Base, read: readonly Event[]): Event[] {
    const last = new Map(base.vector);
    for (const event of read) last.set(streamKey(event), event.seq);
    const unread = this.replica.timeline.entries
      .map(({ event }) => event)
      .filter((event) => event.seq > (last.get(streamKey(event)) ?? 0));
    return [...read, ...unread].sort((left, right) => (left.id < right.id ? -1 : 1));
  }

  async #takeSnapshot(): Promise<void> {
    const { replica } = this;
    await this.commit.settle();
    const newest = (await this.#snapshots.list())[0]?.position;
    // From here to the encoded lines nothing awaits: they are one moment of the state.
    const { timeline } = replica;
    if (timeline.stopped !== undefined) throw timeline.stopped;
    const durable = this.commit.durable?.seq ?? 0;
    const open = timeline.entries.findIndex(
      ({ event }) => streamKey(event) === this.streams.own && event.seq > durable,
    );
    const position = (open < 0 ? timeline.end : timeline.entries[open - 1]?.event.id) ?? timeline.base;
    if (position === genesisBase().position || (position === newest && this.#sinceSnapshot === 0)) return;
    const encode = (): string[] =>
      this.#snapshots.encode(replica.executor.raw, {
        position,
        vector: timeline.vectorAt(position),
        rejections: timeline.rejections().filter(({ event }) => event.id <= position),
      });
    const first = timeline.entries[open]?.event.id;
    const lines = first === undefined ? encode() : timeline.before(first, encode);
    this.#sinceSnapshot = 0;
    await this.#snapshots.write(position, lines);
  }

  #tell({ received, changes }: Merged, reordered: readonly Entry[], report: SyncReport): void {
    const { notifier, timeline } = this.replica;
    const wasHeld = new Set(this.#held.map(holdText));
    this.#held = report.held;
    if (received.length > 0) notifier.changed();
    for (const event of received) {
      const entry = timeline.rejection(event.id) ?? { event, undo: undefined, error: undefined };
      if (notifier.wants('event'))
        notifier.tell('event', { ...this.replica.describe(entry), changes: changes.get(event.id) ?? [] });
      if (entry.error !== undefined && notifier.wants('rejected'))
        notifier.tell('rejected', this.replica.describe(entry));
    }
    for (const entry of reordered) notifier.tell('reordered', this.replica.describe(entry));
    for (const hold of report.held) if (!wasHeld.has(holdText(hold))) notifier.tell('held', hold);
    notifier.tell('synced', report);
  }

  #diskRefused(failure: PrevalentError): void {
    const lost = this.replica.dropAfter(this.commit.durable?.seq ?? 0);
    this.replica.refuse(failure);
    if (lost.length > 0) this.replica.notifier.tell('error', failure);
  }
}

function holdText(hold: Hold): string {
  return `${streamKey(hold)}:${hold.seq}:${hold.reason}`;
}

/** Earlier events that are rejected now and were not, or the other way round. */
function changedOutcomes(
  before: ReadonlyMap<string, Entry>,
  now: readonly Entry[],
  received: readonly Event[],
): Entry[] {
  const fresh = new Set(received.map(({ id }) => id));
  const after = new Set(now.map(({ event }) => event.id));
  const rejected = now.filter(({ event }) => !before.has(event.id) && !fresh.has(event.id));
  const applied = [...before.values()]
    .filter(({ event }) => !after.has(event.id))
    .map(({ event }) => ({ event, undo: undefined, error: undefined }));
  return [...rejected, ...applied];
}
