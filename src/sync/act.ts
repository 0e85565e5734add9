import { modelHash } from '../model/model-hash.js';
import type { Adoption } from '../protocol/adopt.js';
import type { CompactOptions, Facts } from '../protocol/facts.js';
import { frontierOf, idleMs, idsToExceed, newsOf, type Retirement } from '../protocol/frontier.js';
import type { Sealing } from '../protocol/sealing.js';
import type { Heard } from '../protocol/seen.js';
import type { Deletion, SealedPoint, Shedding } from '../protocol/shedding.js';
import type { Replica } from '../replica/replica.js';
import { encodeFrontier } from '../store/frontier.js';
import type { Known } from './known.js';
import type { OwnStream } from './own-stream.js';
import type { PastState, Snapshotter, TakenSnapshot } from './snapshot/snapshotter.js';

/** The effects of decisions, always in this order: publish, seal, snapshot, delete, tell. What is told is in tell.ts. */
export class Act {
  readonly known: Known;
  readonly replica: Replica;
  readonly own: OwnStream;
  readonly #snapshotter: Snapshotter;

  constructor(known: Known, replica: Replica, own: OwnStream, snapshotter: Snapshotter) {
    this.known = known;
    this.replica = replica;
    this.own = own;
    this.#snapshotter = snapshotter;
  }

  /** What is known now. */
  facts(asked?: CompactOptions, durable = this.own.durable): Facts {
    return this.known.facts(this.replica, this.own, asked, durable);
  }

  /** From now on new ids exceed what was heard of, and the `H` of the seal in force. */
  exceed(heard: readonly Heard[]): void {
    for (const id of idsToExceed(this.facts(), heard)) this.replica.clock.observe(id);
  }

  /** Puts a seal in force, before anything is done about it: a crash in between then finds it adopted. */
  async adopt(adoption: Adoption, heard: readonly Heard[]): Promise<void> {
    this.known.adopt(adoption);
    this.exceed(heard);
    if (adoption.isUntold) await this.publish();
  }

  /** Publishes what is durable, if there is anything new to say or it is time to be heard again. */
  async publish(): Promise<void> {
    const facts = this.facts();
    const news = newsOf(facts);
    if (!this.known.isToPublish(news, idleMs(facts))) return;
    const runtime = { modelHash: modelHash(this.replica.definition), engine: this.known.engine };
    const frontier = frontierOf(facts, runtime, this.replica.clock.promise());
    await this.own.publish(frontier, frontier.snapshot?.events ?? 0);
    this.known.publishedAs(frontier, news, facts.now);
  }

  /** Publishes earlier streams of this master anew. */
  async retire(retirements: readonly Retirement[]): Promise<void> {
    for (const { stream, frontier } of retirements)
      await this.own.journal.retire(stream, encodeFrontier(frontier, this.own.store.crc32));
  }

  /**
   * Publishes a new seal. It is in force already: if publishing fails half-way, others may have seen it, and no other may ever have its
   * number.
   */
  async seal({ seal }: Sealing): Promise<void> {
    if (seal === undefined) return;
    this.exceed([]);
    await this.publish();
    await this.rotate();
  }

  /** At each new seal a segment ends, so that it can be deleted as a whole one day. */
  async rotate(): Promise<void> {
    if (this.known.takesNewSegment()) await this.own.journal.rotate();
  }

  /** Writes a snapshot of everything durable. @param again even if the newest snapshot says it is of that moment */
  async snapshot(again: boolean): Promise<void> {
    await this.#snapshotter.take(again, () => this.#prune());
  }

  /** Whether a snapshot is being taken. */
  get isBusy(): boolean {
    return this.#snapshotter.busy;
  }

  /** Resolves when no snapshot is being taken. */
  idle(): Promise<void> {
    return this.#snapshotter.idle();
  }

  /** Forgets how to undo what nobody will undo any more, and remembers that it was looked for what can go. */
  forget({ base, circumstances }: Shedding): void {
    if (base !== undefined) this.replica.timeline.advanceBase(base);
    this.known.shed(circumstances);
  }

  /** Takes a snapshot at a seal and offers it to others. @param past the state there, if it cannot be reached by undoing */
  async offer(point: SealedPoint, past: PastState | undefined): Promise<void> {
    const { seal: no, position } = point;
    const V = Object.fromEntries(point.vector);
    // Before another snapshot is taken, and some are removed: this one must be known to be needed by then.
    const publish = async ({ fingerprint, bytes }: TakenSnapshot): Promise<void> => {
      this.known.offer(this.own, { no, position, fingerprint, V }, bytes);
      await this.publish();
      await this.#prune();
    };
    await (past === undefined
      ? this.#snapshotter.takeAt(point, publish)
      : this.#snapshotter.save(point, past, publish));
  }

  /** Deletes what a published snapshot stands in for. Gives the bytes freed. */
  async delete(deletions: readonly Deletion[]): Promise<number> {
    const { journal } = this.own;
    let freed = 0;
    for (const deletion of deletions)
      freed +=
        deletion.kind === 'stream'
          ? await journal.deleteStream(deletion.stream)
          : await journal.deleteEvents(deletion.stream, deletion.upTo);
    return freed;
  }

  #prune(): Promise<void> {
    return this.#snapshotter.prune(() => this.known.standIns(this.own));
  }
}
