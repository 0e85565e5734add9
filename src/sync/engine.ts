import { MasterClosedError } from '../errors.js';
import { adoption } from '../protocol/adopt.js';
import { decide } from '../protocol/decide.js';
import type { CompactOptions, Refusal } from '../protocol/facts.js';
import { type Retirement, retirements } from '../protocol/frontier.js';
import { frontierIn, type Heard } from '../protocol/seen.js';
import { standingOffer } from '../protocol/shedding.js';
import type { SyncReport } from '../replica/notifier.js';
import type { Act } from './act.js';
import type { Applied } from './apply.js';
import type { Compactor, CompactReport } from './compactor.js';
import type { Look } from './look.js';
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
  readonly #turns = new Turns();
  /** Syncs so far. */
  #syncs = 0;

  constructor(look: Look, act: Act, compactor: Compactor) {
    this.#look = look;
    this.#act = act;
    this.#compactor = compactor;
  }

  /** Recovers the state from the newest valid snapshot and the journals, and publishes what was not published yet. */
  async start(): Promise<void> {
    const heard = await this.#look.heard('all');
    const { seen: seenBefore = {} } = frontierIn(heard, this.#act.facts().own.key) ?? {};
    this.#act.begin(seenBefore);
    await this.#look.until(
      heard,
      (seen) => standingOffer(this.#act.facts(), seen),
      ({ offer }) => {
        this.#act.resumeOffer(offer);
      },
    );
    const met = await this.#meet(heard);
    await this.#act.open(met.applied, seenBefore);
    await this.#act.publish();
    await this.#retire(met.heard, 'all');
    await this.#act.tryKeeping();
    await this.#act.trySnapshot();
  }

  /**
   * Publishes, fetches, merges. Calls during a sync share the next one, so that it includes what was called before.
   *
   * @throws StoreUnreachableError (`STORE_UNREACHABLE`) if the store cannot be read or written, SeparateHistoriesError (`SEPARATE_HISTORIES`)
   * if history was sealed twice, apart
   */
  sync(): Promise<SyncReport> {
    return this.#turns.share(() => this.#act.reaching(async () => (await this.#syncOnce()).report));
  }

  /** As `sync`; tells whether anything came of it: events of others, own ones that others can read now, another seal. */
  async syncForNews(): Promise<boolean> {
    const before = this.#act.facts().seal?.no;
    const { received, published, undone, seal } = await this.sync();
    return received + published + undone > 0 || seal?.no !== before;
  }

  /** Syncs, seals if it may, and deletes what a snapshot stands in for. */
  compact(asked: CompactOptions): Promise<CompactReport> {
    return this.#turns.run(() => this.#act.reaching(async () => (await this.#syncOnce(asked)).compacted));
  }

  /** Writes a snapshot of everything durable; nothing if there is a newest one of it already. */
  snapshot(): Promise<void> {
    return this.#act.snapshot();
  }

  /** Makes everything durable and public, and releases the journal; does not wait for what hangs while it is read of others. */
  async close(): Promise<void> {
    try {
      await this.#ended();
      if (this.#act.facts().own.failure === undefined) {
        await this.#act.flush();
        await this.#act.reaching(() => this.#act.publish());
        await this.#act.trySnapshot(true);
      }
    } finally {
      await this.#act.close();
    }
  }

  /** What runs ends by itself, or at the next thing it reads. Its callers hear of its failure; closing goes on. */
  async #ended(): Promise<void> {
    const { master } = this.#act.facts().own.header;
    const leaving = setTimeout(() => {
      this.#look.leave(new MasterClosedError(`The master "${master}" was closed while it read what others wrote`));
    }, CLOSING_MS);
    await this.#turns.idle();
    clearTimeout(leaving);
  }

  async #syncOnce(asked?: CompactOptions): Promise<{ report: SyncReport; compacted: CompactReport }> {
    const before = this.#act.standing();
    const { own, cut } = this.#act.facts();
    const canWrite = own.failure === undefined;
    if (canWrite) {
      await this.#act.flush();
      this.#act.hold();
      await this.#act.publish();
    }
    // An operator who asks decides on what there is.
    const first = await this.#look.heard(asked === undefined ? cut : 'all');
    const { heard, applied } = await this.#meet(first, asked);
    const isMoved = applied.reissued.length > 0;
    const { compacted, failure, isPublished } = await this.#afterwards(heard, canWrite, isMoved, asked);
    // Whatever became of publishing, sealing and deleting: what was merged is told, once.
    const report = this.#act.tell(before, heard, applied);
    if (failure !== undefined && (asked !== undefined || !isPublished)) throw failure;
    if (failure !== undefined) this.#act.report(failure);
    return { report, compacted };
  }

  #meet(first: readonly Heard[], asked?: CompactOptions): Promise<Met> {
    return this.#look.meanwhile(first, async (heard) => {
      this.#act.hear(heard);
      const adopted = adoption(this.#act.facts(asked), heard);
      if (adopted.kind === 'refusal') return this.#refuse(adopted);
      await this.#act.adopt(adopted, heard);
      return { heard, applied: await this.#act.pinned(() => this.#merge(heard)) };
    });
  }

  /** Decides what becomes of the state, and applies it in the same turn of the event loop. */
  #merge(heard: readonly Heard[]): Promise<Applied> {
    // The same end of the own journal for all that is decided on the way: what is called meanwhile is in memory.
    const { durable } = this.#act.facts().own;
    return this.#look.until(
      heard,
      (seen) => decide(this.#act.facts(undefined, durable), seen),
      (decided) => (decided.kind === 'refusal' ? this.#refuse(decided) : this.#act.apply(decided)),
    );
  }

  async #refuse({ error, own }: Refusal): Promise<never> {
    if (own) await this.#act.checkOwn();
    throw error;
  }

  /** Publishes what was merged, seals, and deletes; a failure is told when the merge is. */
  async #afterwards(
    heard: readonly Heard[],
    canWrite: boolean,
    isMoved: boolean,
    asked?: CompactOptions,
  ): Promise<Afterwards> {
    const { seal } = this.#act.facts();
    const idle = { seal, holders: [], freed: 0, waiting: ['the store refused calls'] };
    if (!canWrite) return { compacted: idle, isPublished: true };
    let isPublished = false;
    try {
      // The stream that holds them is begun; only then others may hear of it.
      if (isMoved) await this.#act.flush();
      if (isMoved) await this.#act.publish();
      await this.#retire(heard, this.#syncs++);
      isPublished = true;
      await this.#act.keep();
      return { compacted: await this.#compactor.run(heard, asked), isPublished };
    } catch (failure) {
      return { compacted: idle, isPublished, failure: failure as Error };
    }
  }

  /** Says of earlier streams of this master how far they go, and that it goes on in another one. */
  async #retire(heard: readonly Heard[], turn: number | 'all'): Promise<void> {
    if ((await this.#retirements(heard, turn)).length === 0) return;
    // As they are by now: they may have been published again since.
    await this.#act.retire(await this.#retirements(await this.#look.heard(this.#act.facts().cut), turn));
  }

  #retirements(heard: readonly Heard[], turn: number | 'all'): Promise<readonly Retirement[]> {
    return this.#look.until(
      heard,
      (seen) => retirements(this.#act.facts(), seen, turn),
      ({ list }) => list,
    );
  }
}
