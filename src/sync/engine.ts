import { JournalDamagedError, MasterClosedError, type PrevalentError } from '../errors.js';
import { type Event, streamKey } from '../event/envelope.js';
import { GroupCommit } from '../store/group-commit.js';
import type { Journal, Store } from '../store/store.js';
import type { Entry } from '../timeline/entry.js';
import { BEHIND_BASE, type VersionVector } from '../timeline/timeline.js';
import { Gatherer } from './gatherer.js';
import type { Hold, Plan } from './merge.js';
import type { SyncReport } from './notices.js';
import type { ResolvedOptions } from './options.js';
import { Publisher } from './publisher.js';
import { reaching } from './reaching.js';
import type { Merge, Replica } from './replica.js';
import { Snapshots } from './snapshots.js';
import { Snapshotter } from './snapshotter.js';
import { Streams } from './streams.js';
import { changedOutcomes, firstMissing, withUnread } from './wholeness.js';

/** What a merge or a rebuild did. */
interface Merged extends Merge {
  readonly received: readonly Event[];
  readonly held: readonly Hold[];
}

/** Moves bytes between one replica and its store; what to do is decided by pure functions. */
export class Engine {
  readonly replica: Replica;
  readonly journal: Journal;
  readonly commit: GroupCommit;
  /** Everything that reads the store. */
  readonly streams: Streams;
  readonly #snapshots: Snapshots;
  readonly #snapshotter: Snapshotter;
  readonly #gatherer: Gatherer;
  readonly #publisher: Publisher;
  readonly #store: Store;
  readonly #options: ResolvedOptions;
  readonly #notices: string[];
  #held: readonly Hold[] = [];
  #sinceSnapshot = 0;
  #running: Promise<SyncReport> | undefined;
  #next: Promise<SyncReport> | undefined;

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
    this.#snapshots = new Snapshots(journal, replica.definition, replica.classes, store);
    this.#snapshotter = new Snapshotter(replica, this.#snapshots, this.commit, this.streams.own);
    this.#gatherer = new Gatherer(replica, store, this.streams, this.#snapshots, this.commit, options);
    this.#publisher = new Publisher(replica, journal, store, this.commit);
  }

  /** What happened at the start: a torn tail cut, a new epoch begun, a damaged snapshot skipped. */
  get notices(): readonly string[] {
    return this.#notices;
  }

  /** Each stream's events in the state, and those its master has published as far as heard. */
  lag(accepted: VersionVector): Record<string, { accepted: number; published: number }> {
    const published = new Map(this.#gatherer.heads).set(this.streams.own, this.#publisher.published);
    const keys = new Set([...accepted.keys(), ...published.keys()]);
    return Object.fromEntries(
      [...keys].sort().map((key) => [key, { accepted: accepted.get(key) ?? 0, published: published.get(key) ?? 0 }]),
    );
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
    if (this.#sinceSnapshot >= this.#options.snapshotEvery) await this.#trySnapshot();
  }

  // A snapshot only saves time at the next start: that it failed is told, and stops nothing.
  async #trySnapshot(): Promise<void> {
    try {
      await this.snapshot();
    } catch (error) {
      this.#notices.push(`No snapshot could be taken: ${(error as Error).message}`);
    }
  }

  /**
   * Publishes, fetches, merges. Calls during a sync share the next one, so that it includes what was called before.
   *
   * @throws StoreUnreachableError (`STORE_UNREACHABLE`) if the store cannot be read or written
   */
  sync(): Promise<SyncReport> {
    if (this.#running === undefined) {
      this.#running = reaching(this.#store, () => this.#syncOnce()).finally(() => {
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
    const changed = this.#sinceSnapshot > 0;
    // Counted from the attempt: a disk that is full now is not asked again at every call.
    this.#sinceSnapshot = 0;
    await reaching(this.#store, () => this.#snapshotter.take(changed));
  }

  /** Counts events towards the next snapshot, and takes it in the background when it is due. */
  #countEvents(count: number): void {
    this.#sinceSnapshot += count;
    if (this.#sinceSnapshot < this.#options.snapshotEvery || this.#snapshotter.busy) return;
    this.snapshot().catch((error: unknown) => {
      this.replica.notifier.tell('error', error as Error);
    });
  }

  /** Makes everything durable and public, and releases the journal. */
  async close(): Promise<void> {
    try {
      // Their callers hear of their failures; closing goes on.
      await this.#running?.catch(() => undefined);
      await this.#next?.catch(() => undefined);
      if (this.commit.failure === undefined) {
        await this.commit.settle();
        await reaching(this.#store, () => this.#publisher.publish());
        if (this.#sinceSnapshot * 10 >= this.#options.snapshotEvery && this.replica.timeline.stopped === undefined)
          await this.#trySnapshot();
      }
      await this.#snapshotter.idle();
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
    const done = await this.#carryOut(plan);
    const now = replica.timeline.rejections();
    const report: SyncReport = {
      received: done.received.length,
      replayed: done.replayed,
      undone: done.undone,
      rejected: now.filter(({ event }) => !before.has(event.id)).length,
      held: done.held,
      published: this.#publisher.published - published,
      seal: undefined,
      ms: this.#options.now() - began,
    };
    this.#tell(done, changedOutcomes(before, now, done.received), report);
    this.#countEvents(done.received.length);
    return report;
  }

  async #carryOut({ instruction, accept, held }: Plan): Promise<Merged> {
    switch (instruction.kind) {
      case 'nothing':
        return { undone: 0, replayed: 0, changes: new Map(), received: [], held };
      case 'advance':
      case 'rewind':
        return this.#merge(accept, held);
      case 'rebuild':
        return this.replica.pinned(() => this.#rebuild());
    }
  }

  // A call between plan and merge may have shed undo data; then the instruction is a rebuild after all.
  async #merge(accept: readonly Event[], held: readonly Hold[]): Promise<Merged> {
    const merge = this.replica.merge(accept);
    return merge === BEHIND_BASE ? this.replica.pinned(() => this.#rebuild()) : { ...merge, received: accept, held };
  }

  /** A late event lies before what can be undone: the state is built anew, from a snapshot before it or from genesis. */
  async #rebuild(): Promise<Merged> {
    const { replica } = this;
    if (this.commit.failure === undefined) await this.commit.settle();
    const { base, plan } = await this.#gatherer.everything((error) => this.#notices.push(error.message));
    const events = withUnread(base, plan.accept, replica.timeline.entries);
    const missing = firstMissing(base, events, replica.accepted);
    if (missing !== undefined) {
      throw new JournalDamagedError(
        `A late event needs the history of ${missing.key}, whose event ${missing.seq} cannot be read in ${this.#store.location}. ` +
          'Nothing was changed; sync the folder again, the merge is tried at the next sync.',
      );
    }
    const undone = replica.timeline.entries.length;
    const received = events.filter((event) => event.seq > (replica.accepted.get(streamKey(event)) ?? 0));
    replica.rebuild(base, events);
    return { undone, replayed: events.length, received, changes: new Map(), held: plan.held };
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
    for (const entry of reordered) {
      const described = this.replica.describe(entry);
      notifier.tell('reordered', described);
      if (described.outcome === 'rejected') notifier.tell('rejected', described);
    }
    for (const hold of report.held) if (!wasHeld.has(holdText(hold))) notifier.tell('held', hold);
    notifier.tell('synced', report);
  }

  #diskRefused(failure: PrevalentError): void {
    // Refused first: a subscriber that hears of the loss may call.
    this.replica.refuse(failure);
    const lost = this.replica.dropAfter(this.commit.durable?.seq ?? 0);
    if (lost.length > 0) this.replica.notifier.tell('error', failure);
  }
}

function holdText(hold: Hold): string {
  return `${streamKey(hold)}:${hold.seq}:${hold.reason}`;
}
