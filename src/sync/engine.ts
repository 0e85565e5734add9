import { MasterClosedError, type PrevalentError } from '../errors.js';
import { streamKey } from '../event/event.js';
import { adoption } from '../protocol/adopt.js';
import { decide } from '../protocol/decide.js';
import type { CompactOptions, Refusal } from '../protocol/facts.js';
import { type Retirement, retirements } from '../protocol/frontier.js';
import type { Heard } from '../protocol/seen.js';
import { standingOffer } from '../protocol/shedding.js';
import { startNotices } from '../protocol/start-notices.js';
import type { SyncReport } from '../replica/notifier.js';
import type { Act } from './act.js';
import { type Applied, apply } from './apply.js';
import type { Compactor, CompactReport } from './compactor.js';
import type { Look } from './look.js';
import { standing, tell } from './tell.js';
import { Turns } from './turns.js';

/** How long (ms) a close waits for reading that was begun. */
const CLOSING_MS = 1_000;

/** What was heard, and what became of the state. */
interface Met {
  readonly heard: readonly Heard[];
  readonly applied: Applied;
}

/** What became of publishing, sealing and deleting. */
interface Afterwards {
  readonly compacted: CompactReport;
  readonly isPublished: boolean;
  readonly failure?: Error;
}

/**
 * Turns, one after the other, and the loop of each: look, decide, read what that needs, decide again, apply it in the same turn of the event
 * loop, act. A start is a sync with a state that was never built.
 */
export class Engine {
  readonly #look: Look;
  readonly #act: Act;
  readonly #compactor: Compactor;
  #sinceSnapshot = 0;
  readonly #turns = new Turns();

  constructor(look: Look, act: Act, compactor: Compactor) {
    this.#look = look;
    this.#act = act;
    this.#compactor = compactor;
  }

  /** Recovers the state from the newest valid snapshot and the journals, and publishes what was not published yet. */
  async start(): Promise<void> {
    const { known, own } = this.#act;
    const heard = await this.#look.heard('all');
    const { seen: seenBefore = {} } = heard.find(({ stream }) => streamKey(stream) === own.key)?.frontier ?? {};
    known.resume(seenBefore);
    // All events of a stream follow the moment at which it began.
    this.#act.replica.clock.observe(own.header.epoch);
    await this.#look.until(
      heard,
      (seen) => standingOffer(this.#act.facts(), seen),
      ({ offer }) => {
        known.offer(own, offer);
      },
    );
    const met = await this.#meet(heard);
    const { received, reissued } = met.applied;
    await own.commit.flush();
    this.#act.replica.attach(own);
    this.#sinceSnapshot = received.length - reissued.length;
    if (reissued.length > 0)
      known.notice(
        `A seal was made without ${reissued.length} calls of this master, which came too late for it; they were issued again.`,
      );
    for (const text of startNotices(this.#act.facts(), seenBefore)) known.notice(text);
    await this.#act.publish();
    await this.#retire(met.heard);
    if (this.#sinceSnapshot >= known.options.snapshotEvery) await this.#trySnapshot();
  }

  /**
   * Publishes, fetches, merges. Calls during a sync share the next one, so that it includes what was called before.
   *
   * @throws StoreUnreachableError (`STORE_UNREACHABLE`) if the store cannot be read or written, SeparateHistoriesError (`SEPARATE_HISTORIES`)
   * if history was sealed twice, apart
   */
  sync(): Promise<SyncReport> {
    return this.#turns.share(this.#reached(async () => (await this.#syncOnce()).report));
  }

  /** As `sync`; tells whether anything came of it: events of others, own ones that others can read now, another seal. */
  async syncForNews(): Promise<boolean> {
    const before = this.#act.known.seal?.no;
    const { received, published, undone, seal } = await this.sync();
    return received + published + undone > 0 || seal?.no !== before;
  }

  /** Syncs, seals if it may, and deletes what a snapshot stands in for. */
  compact(asked: CompactOptions): Promise<CompactReport> {
    return this.#turns.run(this.#reached(async () => (await this.#syncOnce(asked)).compacted));
  }

  /** Writes a snapshot of everything durable; nothing if there is a newest one of it already. */
  async snapshot(): Promise<void> {
    const changed = this.#sinceSnapshot > 0;
    // Counted from the attempt: a disk that is full now is not asked again at every call.
    this.#sinceSnapshot = 0;
    // What does not count under a seal must not be saved.
    if (!this.#act.known.isObeyed) return;
    await this.#reached(() => this.#act.snapshot(changed))();
  }

  /** Makes everything durable and public, and releases the journal; does not wait for what hangs while it is read of others. */
  async close(): Promise<void> {
    const { own, known } = this.#act;
    try {
      await this.#ended();
      if (own.commit.failure === undefined) {
        await own.commit.flush();
        await this.#reached(() => this.#act.publish())();
        const isDue = this.#sinceSnapshot * 10 >= known.options.snapshotEvery;
        if (isDue && this.#act.replica.timeline.stopped === undefined) await this.#trySnapshot();
      }
    } finally {
      own.commit.giveUp();
      await this.#act.idle();
      await own.journal.close();
    }
  }

  /** What runs ends by itself, or at the next thing it reads. Its callers hear of its failure; closing goes on. */
  async #ended(): Promise<void> {
    const name = this.#act.own.header.master;
    const leaving = setTimeout(() => {
      this.#look.leave(new MasterClosedError(`The master "${name}" was closed while it read what others wrote`));
    }, CLOSING_MS);
    await this.#turns.idle();
    clearTimeout(leaving);
  }

  /** Counts events towards the next snapshot, and takes it in the background when it is due. */
  count(events: number): void {
    this.#sinceSnapshot += events;
    if (this.#sinceSnapshot < this.#act.known.options.snapshotEvery || this.#act.isBusy) return;
    this.snapshot().catch((error: unknown) => {
      this.#act.replica.notifier.tell('error', error as Error);
    });
  }

  /** The store refused calls: they are taken back, and no more are taken. */
  refused(failure: PrevalentError): void {
    // Refused first: a subscriber that hears of the loss may call.
    this.#act.replica.refuse(failure);
    const lost = this.#act.replica.dropAfter(this.#act.own.durable?.seq ?? 0);
    if (lost.length > 0) this.#act.replica.notifier.tell('error', failure);
  }

  // A snapshot only saves time at the next start: that it failed is told, and stops nothing.
  async #trySnapshot(): Promise<void> {
    try {
      await this.snapshot();
    } catch (error) {
      this.#act.known.notice(`No snapshot could be taken: ${(error as Error).message}`);
    }
  }

  /** Errors of the store get a code and a remedy. */
  #reached<T>(work: () => Promise<T>): () => Promise<T> {
    return () => this.#act.own.reaching(work);
  }

  async #syncOnce(asked?: CompactOptions): Promise<{ report: SyncReport; compacted: CompactReport }> {
    const { known, own } = this.#act;
    if (this.#act.replica.refusal instanceof MasterClosedError) throw this.#act.replica.refusal;
    const before = standing(known, this.#act.replica);
    const canWrite = own.commit.failure === undefined;
    if (canWrite) {
      await own.commit.flush();
      own.journal.hold?.();
      await this.#act.publish();
    }
    // An operator who asks decides on what there is.
    const first = await this.#look.heard(asked === undefined ? known.cut : 'all');
    const { heard, applied } = await this.#meet(first, asked);
    const isMoved = applied.reissued.length > 0;
    const { compacted, failure, isPublished } = await this.#afterwards(heard, canWrite, isMoved, asked);
    // Whatever became of publishing, sealing and deleting: what was merged is told, once.
    const report = tell(known, this.#act.replica, { before, heard, applied, facts: this.#act.facts() });
    this.count(applied.received.length);
    if (failure !== undefined && (asked !== undefined || !isPublished)) throw failure;
    if (failure !== undefined) this.#act.replica.notifier.tell('error', failure);
    return { report, compacted };
  }

  #meet(first: readonly Heard[], asked?: CompactOptions): Promise<Met> {
    return this.#look.meanwhile(first, async (heard) => {
      this.#act.known.hear(heard);
      this.#act.exceed(heard);
      const adopted = adoption(this.#act.facts(asked), heard);
      if (adopted.kind === 'refusal') return this.#refuse(adopted);
      await this.#act.adopt(adopted, heard);
      return { heard, applied: await this.#merge(heard) };
    });
  }

  /** Decides what becomes of the state, and applies it in the same turn of the event loop. */
  #merge(heard: readonly Heard[]): Promise<Applied> {
    const { known, own } = this.#act;
    const merge = (): Promise<Applied> => {
      // The same end of the own journal for all that is decided on the way: what is called meanwhile is in memory.
      const { durable } = own;
      return this.#look.until(
        heard,
        (seen) => decide(this.#act.facts(undefined, durable), seen),
        (decided) =>
          decided.kind === 'refusal' ? this.#refuse(decided) : apply(known, this.#act.replica, own, decided),
      );
    };
    // Calls that are made while the store is read must still be there when the stream they went to is left.
    return known.isBuilt ? this.#act.replica.pinned(merge) : merge();
  }

  async #refuse({ error, own }: Refusal): Promise<never> {
    // Rejects with the file and the place, if the store can tell where this master's own journal is damaged.
    if (own) await this.#act.own.journal.check();
    throw error;
  }

  /** Publishes what was merged, seals, and deletes; a failure is told when the merge is. */
  async #afterwards(
    heard: readonly Heard[],
    canWrite: boolean,
    isMoved: boolean,
    asked?: CompactOptions,
  ): Promise<Afterwards> {
    const { seal } = this.#act.known;
    const idle = { seal, holders: [], freed: 0, waiting: ['the store refused calls'] };
    if (!canWrite) return { compacted: idle, isPublished: true };
    let isPublished = false;
    try {
      // The stream that holds them is begun; only then others may hear of it.
      if (isMoved) await this.#act.own.commit.flush();
      if (isMoved) await this.#act.publish();
      await this.#retire(heard);
      isPublished = true;
      return { compacted: await this.#compactor.run(heard, asked), isPublished };
    } catch (failure) {
      return { compacted: idle, isPublished, failure: failure as Error };
    }
  }

  /** Says of earlier streams of this master how far they go, and that it goes on in another one. */
  async #retire(heard: readonly Heard[]): Promise<void> {
    if ((await this.#retirements(heard)).length === 0) return;
    // As they are by now: they may have been published again since.
    await this.#act.retire(await this.#retirements(await this.#look.heard(this.#act.known.cut)));
  }

  #retirements(heard: readonly Heard[]): Promise<readonly Retirement[]> {
    return this.#look.until(
      heard,
      (seen) => retirements(this.#act.facts(), seen),
      ({ list }) => list,
    );
  }
}
