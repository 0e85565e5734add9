import { counted } from '../article.js';
import { MasterClosedError } from '../errors.js';
import { modelHash } from '../model/model-hash.js';
import type { Adoption } from '../protocol/adopt.js';
import type { Decision } from '../protocol/decide.js';
import type { CompactOptions, Facts, SealedSnapshot } from '../protocol/facts.js';
import { frontierOf, idleMs, idsToExceed, newsOf, type Retirement } from '../protocol/frontier.js';
import { isKeepingDue } from '../protocol/keep.js';
import type { Sealing } from '../protocol/sealing.js';
import type { Heard } from '../protocol/seen.js';
import { type Deletion, type SealedPoint, type Shedding, superfluous } from '../protocol/shedding.js';
import { startNotices } from '../protocol/start-notices.js';
import type { SyncReport } from '../replica/notifier.js';
import type { Replica } from '../replica/replica.js';
import { type Applied, apply } from './apply.js';
import type { Known } from './known.js';
import type { OwnStream } from './own-stream.js';
import type { PastState, Snapshotter } from './snapshot/snapshotter.js';
import { type Before, standing, tell } from './tell.js';

/**
 * The effects of decisions, always in this order: publish, seal, snapshot, delete, tell. Nobody above touches what they work on: what is
 * known, the state, the own stream, and its snapshots.
 */
export class Act {
  readonly #known: Known;
  readonly #replica: Replica;
  readonly #own: OwnStream;
  readonly #snapshotter: Snapshotter;

  constructor(known: Known, replica: Replica, own: OwnStream, snapshotter: Snapshotter) {
    this.#known = known;
    this.#replica = replica;
    this.#own = own;
    this.#snapshotter = snapshotter;
  }

  /** What is known now. */
  facts(asked?: CompactOptions, durable = this.#own.durable): Facts {
    return this.#known.facts(this.#replica, this.#own, asked, durable);
  }

  /** How things stand now. @throws MasterClosedError (`MASTER_CLOSED`) once the master is closed */
  standing(): Before {
    if (this.#replica.refusal instanceof MasterClosedError) throw this.#replica.refusal;
    return standing(this.#known, this.#replica);
  }

  /** Begins a start. @param seen what had been accepted before it, by stream */
  begin(seen: Readonly<Record<string, number>>): void {
    this.#known.resume(seen);
    // All events of a stream follow the moment at which it began.
    this.#replica.clock.observe(this.#own.header.epoch);
  }

  /** What was offered before this start, and still is. */
  resumeOffer(offer: SealedSnapshot | undefined): void {
    this.#known.offer(this.#own, offer);
  }

  /** From now on calls are taken: the state is there. @param seen as `begin` was told */
  async open({ received, reissued, holds }: Applied, seen: Readonly<Record<string, number>>): Promise<void> {
    await this.#own.flush();
    this.#replica.attach(this.#own);
    this.#known.gained(received.length - reissued.length);
    if (reissued.length > 0)
      this.#known.notice(
        `${counted(reissued.length, 'call')} of this master came too late for a seal, and ${reissued.length === 1 ? 'was' : 'were'} re-issued at the end of the order.`,
      );
    for (const text of startNotices(this.facts(), seen, holds)) this.#known.notice(text);
  }

  /** Takes note of what others have published: new ids exceed it, and the `H` of the seal in force. */
  hear(heard: readonly Heard[]): void {
    this.#known.hear(heard);
    this.#exceed(heard);
  }

  #exceed(heard: readonly Heard[]): void {
    for (const id of idsToExceed(this.facts(), heard)) this.#replica.clock.observe(id);
  }

  /** Puts a seal in force, before anything is done about it: a crash in between then finds it adopted. */
  async adopt(adoption: Adoption, heard: readonly Heard[]): Promise<void> {
    this.#known.adopt(adoption);
    this.#exceed(heard);
    if (adoption.isUntold) await this.publish();
  }

  /** Carries a decision out on the state, in this turn of the event loop. */
  apply(decision: Decision): Applied {
    const applied = apply(this.#known, this.#replica, this.#own, decision);
    // Whoever listens may call, and sees all of it done.
    this.#replica.notifier.flush();
    return applied;
  }

  /** Calls that are made while `work` reads the store are still there when the stream they went to is left. */
  pinned<T>(work: () => Promise<T>): Promise<T> {
    return this.#known.isBuilt ? this.#replica.pinned(work) : work();
  }

  /** Makes all calls durable. */
  flush(): Promise<void> {
    return this.#own.flush();
  }

  /** Makes sure that what was written is still in its place. */
  hold(): void {
    this.#own.hold();
  }

  /** Rejects with the file and the place, if the store can tell where this master's own journal is damaged. */
  checkOwn(): Promise<void> {
    return this.#own.check();
  }

  /** Does something with the store. As `OwnStream.reaching`. */
  reaching<T>(work: () => Promise<T>): Promise<T> {
    return this.#own.reaching(work);
  }

  /** Publishes what is durable, if there is anything new to say or it is time to be heard again. */
  async publish(): Promise<void> {
    const facts = this.facts();
    const news = newsOf(facts);
    if (!this.#known.isToPublish(news, idleMs(facts))) return;
    const runtime = { modelHash: modelHash(this.#replica.definition), engine: this.#known.engine };
    const frontier = frontierOf(facts, runtime, this.#replica.clock.promise());
    await this.#own.publish(frontier, frontier.snapshot?.events ?? 0);
    this.#known.publishedAs(frontier, news, facts.now);
  }

  /** Publishes earlier streams of this master anew. */
  async retire(retirements: readonly Retirement[]): Promise<void> {
    for (const retirement of retirements) await this.#own.retire(retirement);
  }

  /**
   * Publishes a new seal. It is in force already: if publishing fails half-way, others may have seen it, and no other may ever have its
   * number.
   */
  async seal({ seal }: Sealing): Promise<void> {
    if (seal === undefined) return;
    this.#exceed([]);
    await this.publish();
    await this.rotate();
  }

  /** At each new seal a segment ends, so that it can be deleted as a whole one day. */
  async rotate(): Promise<void> {
    if (this.#known.takesNewSegment()) await this.#own.rotate();
  }

  /** Counts events towards the next snapshot, and takes it in the background when it is due. */
  count(events: number): void {
    this.#known.gained(events);
    if (this.#known.isSnapshotDue && !this.#snapshotter.busy) this.#inBackground(() => this.snapshot());
  }

  /** Files of the journal were put back. What is in no file any more must be in a snapshot. @param missing events up to this one are not there */
  putBack(message: string, missing: number): void {
    this.#known.notice(message);
    if (missing > 0) this.#inBackground(() => this.#save(true));
  }

  #inBackground(work: () => Promise<void>): void {
    work().catch((error: unknown) => {
      this.report(error as Error);
    });
  }

  /** Writes a snapshot of everything durable; nothing if there is a newest one of it already. */
  async snapshot(): Promise<void> {
    const isChanged = this.#known.snapshotTried();
    // What does not count under a seal must not be saved.
    if (this.#known.isObeyed) await this.reaching(() => this.#save(isChanged));
  }

  /** Saves what was accepted and is in no file of its master any more, so that a start finds it. */
  async keep(): Promise<void> {
    if (isKeepingDue(this.facts())) await this.#save(true);
  }

  /** As `keep`; that it failed is told, and stops nothing. */
  tryKeeping(): Promise<void> {
    return this.#trySaving(() => this.keep());
  }

  /** As `snapshot`, if there is enough to save: it only saves time at the next start. That it failed is told, and stops nothing. */
  async trySnapshot(isLast = false): Promise<void> {
    if (!(isLast ? this.#known.isLastSnapshotDue : this.#known.isSnapshotDue)) return;
    if (this.#replica.timeline.stopped !== undefined) return;
    await this.#trySaving(() => this.snapshot());
  }

  async #trySaving(save: () => Promise<void>): Promise<void> {
    try {
      await save();
    } catch (error) {
      this.#known.notice(`No snapshot could be taken: ${(error as Error).message}`);
    }
  }

  /** @param again even if the newest snapshot says it is of that moment */
  #save(again: boolean): Promise<void> {
    return this.#snapshotter.alone(async () => {
      const taken = await this.#snapshotter.take(again);
      if (taken?.isCurrent === true) this.#known.save(taken);
      await this.#prune();
    });
  }

  /** Forgets how to undo what nobody will undo any more, and remembers that it was looked for what can go. */
  forget({ base, circumstances }: Shedding): void {
    if (base !== undefined) this.#replica.timeline.advanceBase(base);
    this.#known.shed(circumstances);
  }

  /** Takes a snapshot at a seal and offers it to others. @param past the state there, if it cannot be reached by undoing */
  offer(point: SealedPoint, past: PastState | undefined): Promise<void> {
    const { seal: no, position } = point;
    const V = Object.fromEntries(point.vector);
    // Before another snapshot is taken, and some are removed: this one must be known to be needed by then.
    return this.#snapshotter.alone(async () => {
      const taken = past === undefined ? this.#snapshotter.takeAt(point) : this.#snapshotter.save(point, past);
      const { fingerprint, bytes } = await taken;
      this.#known.offer(this.#own, { no, position, fingerprint, V }, bytes);
      await this.publish();
      await this.#prune();
    });
  }

  /** Removes snapshots that nobody needs any more; what others may start from is asked when it is decided. */
  async #prune(): Promise<void> {
    const listings = await this.#snapshotter.list();
    await this.#snapshotter.remove(superfluous(listings, this.#known.standIns(this.#own)));
  }

  /** Deletes what a published snapshot stands in for. Gives the bytes freed. */
  async delete(deletions: readonly Deletion[]): Promise<number> {
    let freed = 0;
    for (const deletion of deletions) freed += await this.#own.delete(deletion);
    return freed;
  }

  /** Tells listeners what a sync did, when all of it is done, and gives the report. */
  tell(before: Before, heard: readonly Heard[], applied: Applied): SyncReport {
    const report = tell(this.#known, this.#replica, { before, heard, applied, facts: this.facts() });
    this.count(applied.received.length);
    return report;
  }

  /** Tells of an error that no call could tell. */
  report(error: Error): void {
    this.#replica.notifier.tell('error', error);
  }

  /** Waits for what runs in the background, and releases the journal. */
  async close(): Promise<void> {
    this.#own.giveUp();
    await this.#snapshotter.idle();
    await this.#own.close();
  }
}
