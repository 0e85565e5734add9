import { JournalDamagedError, MasterClosedError, type PrevalentError, SeparateHistoriesError } from '../errors.js';
import { streamKey } from '../event/envelope.js';
import type { GroupCommit } from '../store/group-commit.js';
import type { Journal, Store } from '../store/store.js';
import type { VersionVector } from '../timeline/timeline.js';
import { Announcer, type Happened } from './announcer.js';
import { Compactor, type CompactOptions, type CompactReport } from './compactor.js';
import { Gatherer } from './gatherer.js';
import { History } from './history.js';
import type { Hold } from './merge.js';
import { Merger } from './merger.js';
import type { SyncReport } from './notices.js';
import type { ResolvedOptions } from './options.js';
import { OwnStream } from './own-stream.js';
import { Publisher } from './publisher.js';
import { reaching } from './reaching.js';
import type { Replica } from './replica.js';
import { Sealing } from './sealing.js';
import { Snapshots } from './snapshots.js';
import { Snapshotter } from './snapshotter.js';
import { startNotices } from './start-notices.js';
import { type Heard, offersOf, Streams } from './streams.js';

/** How often a merge is tried in one sync while others delete what it is about to read. */
const TRIES = 5;

/** Moves bytes between one replica and its store; what to do is decided by pure functions. */
export class Engine {
  readonly replica: Replica;
  readonly history: History;
  readonly sealing: Sealing;
  readonly #own: OwnStream;
  readonly #streams: Streams;
  readonly #snapshots: Snapshots;
  readonly #snapshotter: Snapshotter;
  readonly #gatherer: Gatherer;
  readonly #publisher: Publisher;
  readonly #merger: Merger;
  readonly #compactor: Compactor;
  readonly #announcer: Announcer;
  readonly #store: Store;
  readonly #options: ResolvedOptions;
  readonly #notices: string[];
  #held: readonly Hold[] = [];
  #sinceSnapshot = 0;
  #turn: Promise<void> | undefined;
  #next: Promise<SyncReport> | undefined;

  constructor(replica: Replica, store: Store, journal: Journal, options: ResolvedOptions) {
    this.replica = replica;
    this.#store = store;
    this.#options = options;
    this.#notices = journal.notices.map(({ message }) => message);
    const notice = (text: string): void => {
      this.#notices.push(text);
    };
    const own = new OwnStream(journal, {
      durability: options.durability,
      pause: store.pause,
      onFailure: (failure) => {
        this.#diskRefused(failure);
      },
    });
    this.#own = own;
    this.sealing = new Sealing(journal.seal, options);
    this.#streams = new Streams(store, own, () => this.sealing.ended);
    this.#snapshots = new Snapshots(own, replica.definition, replica.classes, store, () => replica.executor.genesis());
    this.#snapshotter = new Snapshotter(replica, this.#snapshots, own, options.now);
    this.#gatherer = new Gatherer(replica, store, this.#streams, this.#snapshots, own, this.sealing, options);
    this.#publisher = new Publisher(replica, own, store, this.sealing, options);
    this.history = new History(replica, store, this.#streams, this.#gatherer, this.sealing);
    const attach = (): void => {
      this.#attach();
    };
    this.#merger = new Merger(
      replica,
      store,
      own,
      this.#streams,
      this.#gatherer,
      this.sealing,
      attach,
      notice,
      options,
    );
    this.#compactor = new Compactor({
      replica,
      store,
      own,
      streams: this.#streams,
      sealing: this.sealing,
      publisher: this.#publisher,
      snapshots: this.#snapshots,
      snapshotter: this.#snapshotter,
      history: this.history,
      options,
    });
    this.#announcer = new Announcer(replica, this.sealing, this.#publisher, options);
  }

  /** The journal that is written now. */
  get journal(): Journal {
    return this.#own.journal;
  }

  /** What is on its way to it. */
  get commit(): GroupCommit {
    return this.#own.commit;
  }

  /** What happened at the start: a torn tail cut, a new epoch begun, a damaged snapshot skipped. */
  get notices(): readonly string[] {
    return this.#notices;
  }

  /** Each stream's events in the state, and those its master has published as far as heard. */
  lag(accepted: VersionVector): Record<string, { accepted: number; published: number }> {
    const published = new Map(this.#gatherer.heads).set(this.#own.key, this.#publisher.published);
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
    const heard = await this.#streams.heard(true);
    const mine = heard.find(({ stream }) => streamKey(stream) === this.#own.key)?.frontier;
    const seen = mine?.seen ?? {};
    this.#gatherer.observe(heard);
    // All events of a stream follow the moment at which it began.
    this.replica.clock.observe(this.#own.header.epoch);
    this.#publisher.resume(seen);
    this.#publisher.offer(await this.#gatherer.lastOffer(mine));
    this.#hearAtStart(heard);
    if (this.sealing.seal !== undefined) {
      this.replica.clock.observe(this.sealing.seal.H);
      if (this.sealing.seal.no !== mine?.seal?.no) await this.#publisher.publish();
    }
    const reissued = await this.#merger.succeedAtStart(heard);
    const { base, plan } = await this.#gatherer.everything(heard, (error) => this.#notices.push(error.message));
    this.replica.rebuild(base, plan.accept, this.sealing.seal);
    for (const [key, count] of plan.cut) this.sealing.end(key, count);
    this.sealing.settle();
    this.#attach();
    this.#held = plan.held;
    this.#sinceSnapshot = plan.accept.length;
    if (reissued.length > 0)
      this.#notices.push(
        `A seal was made without ${reissued.length} calls of this master, which came too late for it; they were issued again.`,
      );
    const { replica, sealing } = this;
    const place = { own: this.#own.key, location: this.#store.location };
    this.#notices.push(...startNotices({ replica, sealing, options: this.#options, seen, ...place }));
    await this.#publisher.publish();
    await this.#publisher.publishEarlier(this.#streams, heard);
    if (this.#sinceSnapshot >= this.#options.snapshotEvery) await this.#trySnapshot();
  }

  // A master that has a seal of its own goes on under it; syncing will refuse, and say why.
  #hearAtStart(heard: readonly Heard[]): void {
    try {
      this.sealing.hear(heard);
    } catch (error) {
      if (!(error instanceof SeparateHistoriesError) || this.sealing.seal === undefined) throw error;
      this.#notices.push(error.message);
    }
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
   * @throws StoreUnreachableError (`STORE_UNREACHABLE`) if the store cannot be read or written, SeparateHistoriesError (`SEPARATE_HISTORIES`)
   * if history was sealed twice, apart
   */
  sync(): Promise<SyncReport> {
    const sync = async (): Promise<SyncReport> => (await this.#syncOnce()).report;
    if (this.#turn === undefined) return this.#inTurn(sync);
    this.#next ??= this.#inTurn(() => {
      this.#next = undefined;
      return sync();
    });
    return this.#next;
  }

  /** As `sync`; tells whether anything came of it: events of others, own ones that others can read now, another seal. */
  async syncForNews(): Promise<boolean> {
    const before = this.sealing.seal?.no;
    const { received, published, undone, seal } = await this.sync();
    return received + published + undone > 0 || seal?.no !== before;
  }

  /** Syncs, seals if it may, and deletes what a snapshot stands in for. */
  compact(asked: CompactOptions): Promise<CompactReport> {
    return this.#inTurn(async () => (await this.#syncOnce(asked)).compacted);
  }

  /** Writes a snapshot of everything durable; nothing if there is a newest one of it already. */
  async snapshot(): Promise<void> {
    const changed = this.#sinceSnapshot > 0;
    // Counted from the attempt: a disk that is full now is not asked again at every call.
    this.#sinceSnapshot = 0;
    // What does not count under a seal must not be saved.
    if (!this.sealing.isSettled) return;
    await reaching(this.#store, async () => {
      await this.#snapshotter.take(changed, () => this.#snapshots.prune(() => this.#publisher.standIns));
    });
  }

  /** Makes everything durable and public, and releases the journal. */
  async close(): Promise<void> {
    try {
      // Their callers hear of their failures; closing goes on.
      await this.#turn;
      if (this.commit.failure === undefined) {
        await this.commit.flush();
        await reaching(this.#store, () => this.#publisher.publish());
        if (this.#sinceSnapshot * 10 >= this.#options.snapshotEvery && this.replica.timeline.stopped === undefined)
          await this.#trySnapshot();
      }
    } finally {
      this.commit.giveUp();
      await this.#snapshotter.idle();
      await this.journal.close();
    }
  }

  /** One after the other: a sync must not meet another one's half-done merge. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const run = (): Promise<T> => reaching(this.#store, work);
    const turn = this.#turn === undefined ? run() : this.#turn.then(run);
    // Whoever asked hears of the failure; the next turn comes all the same.
    const ended: Promise<void> = turn.then(
      () => undefined,
      () => undefined,
    );
    this.#turn = ended;
    void ended.then(() => {
      if (this.#turn === ended) this.#turn = undefined;
    });
    return turn;
  }

  #attach(): void {
    this.replica.attach(this.#own.header, this.#own.commit, this.#store, () => {
      this.#countEvents(1);
    });
  }

  /** Counts events towards the next snapshot, and takes it in the background when it is due. */
  #countEvents(count: number): void {
    this.#sinceSnapshot += count;
    if (this.#sinceSnapshot < this.#options.snapshotEvery || this.#snapshotter.busy) return;
    this.snapshot().catch((error: unknown) => {
      this.replica.notifier.tell('error', error as Error);
    });
  }

  /** While this master reads, others may seal and delete: what is gone then, a newer snapshot stands in for. */
  async #hearAndMerge(all: boolean, canWrite: boolean): Promise<Pick<Happened, 'heard' | 'merged' | 'before'>> {
    for (let tries = 1; ; tries++) {
      const heard = await this.#hear(all || tries > 1, canWrite);
      const before = new Map(this.replica.timeline.rejections().map((entry) => [entry.event.id, entry]));
      try {
        return { heard, merged: await this.#merger.merge(heard), before };
      } catch (error) {
        const isOvertaken = error instanceof JournalDamagedError && tries < TRIES;
        if (!isOvertaken || offersOf(heard) === offersOf(await this.#streams.heard(true))) throw error;
      }
    }
  }

  /** What others have published; a seal that is new is adopted. */
  async #hear(all: boolean, canWrite: boolean): Promise<Heard[]> {
    const heard = await this.#streams.heard(all);
    this.#gatherer.observe(heard);
    // Who cannot write cannot say that it adopts a seal, nor issue late calls again: it stays under the one it has.
    if (canWrite && this.sealing.hear(heard)) {
      this.replica.clock.observe(this.sealing.seal?.H ?? '');
      // Before anything is done about it: a crash in between then finds it adopted.
      await this.#publisher.publish();
    }
    if (!this.sealing.isSettled && this.commit.failure !== undefined) throw this.commit.failure;
    return heard;
  }

  async #syncOnce(asked?: CompactOptions): Promise<{ report: SyncReport; compacted: CompactReport }> {
    const { replica } = this;
    const began = this.#options.now();
    if (replica.refusal instanceof MasterClosedError) throw replica.refusal;
    const published = this.#publisher.published;
    const canWrite = this.commit.failure === undefined;
    if (canWrite) {
      await this.commit.flush();
      await this.#publisher.publish();
    }
    // An operator who asks decides on what there is.
    const { heard, merged, before } = await this.#hearAndMerge(asked !== undefined, canWrite);
    const wasHeld = this.#held;
    this.#held = merged.held;
    let compacted: CompactReport = {
      seal: this.sealing.seal,
      holders: [],
      freed: 0,
      waiting: ['the disk refused calls'],
    };
    let isPublished = false;
    let failure: unknown;
    try {
      if (merged.reissued.length > 0) {
        // The stream that holds them is begun; only then others may hear of it.
        await this.commit.flush();
        await this.#publisher.publish();
      }
      if (canWrite) await this.#publisher.publishEarlier(this.#streams, heard);
      isPublished = true;
      if (canWrite) compacted = await this.#compactor.run(heard, merged.held, asked);
    } catch (error) {
      failure = error;
    }
    // Whatever became of publishing, sealing and deleting: what was merged is told, once.
    const report = this.#announcer.tell({ merged, before, wasHeld, heard }, published, began);
    this.#countEvents(merged.received.length);
    if (failure !== undefined && (asked !== undefined || !isPublished)) throw failure as Error;
    if (failure !== undefined) replica.notifier.tell('error', failure as Error);
    return { report, compacted };
  }

  #diskRefused(failure: PrevalentError): void {
    // Refused first: a subscriber that hears of the loss may call.
    this.replica.refuse(failure);
    const lost = this.replica.dropAfter(this.commit.durable?.seq ?? 0);
    if (lost.length > 0) this.replica.notifier.tell('error', failure);
  }
}
