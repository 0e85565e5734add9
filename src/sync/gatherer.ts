import { JournalDamagedError, ModelOutdatedError, SnapshotDamagedError } from '../errors.js';
import { streamKey } from '../event/envelope.js';
import { ulidTime } from '../event/ulid.js';
import type { GroupCommit } from '../store/group-commit.js';
import type { Store } from '../store/store.js';
import type { Base } from '../timeline/fold.js';
import { genesisBase } from '../timeline/timeline.js';
import { type MergeContext, type Plan, planMerge } from './merge.js';
import type { ResolvedOptions } from './options.js';
import type { Replica } from './replica.js';
import type { Snapshots } from './snapshots.js';
import type { Heard, Streams } from './streams.js';

/** What was found in a store: a base, and what to do with the events after it. */
export interface Gathered {
  readonly base: Base;
  readonly plan: Plan;
}

/** Reads a store for one replica: what to build its state from, and what is new. */
export class Gatherer {
  /** Number of the last event that each stream's master has published, as far as heard. */
  readonly heads = new Map<string, number>();
  readonly #replica: Replica;
  readonly #store: Store;
  readonly #streams: Streams;
  readonly #snapshots: Snapshots;
  readonly #commit: GroupCommit;
  readonly #options: ResolvedOptions;

  constructor(
    replica: Replica,
    store: Store,
    streams: Streams,
    snapshots: Snapshots,
    commit: GroupCommit,
    options: ResolvedOptions,
  ) {
    this.#replica = replica;
    this.#store = store;
    this.#streams = streams;
    this.#snapshots = snapshots;
    this.#commit = commit;
    this.#options = options;
  }

  /** What others published since the last merge; the plan is for the state as it is when this resolves. */
  async news(): Promise<Plan> {
    const heard = await this.#streams.heard();
    const incoming = await this.#streams.incoming(heard, this.#replica.accepted, this.#replica.lastIds);
    const plan = planMerge(incoming, this.#context());
    this.#observe(heard, plan);
    return plan;
  }

  /**
   * The newest snapshot that no other event precedes, and all events after it; genesis if there is none.
   *
   * @param skipped told of each snapshot that is damaged
   * @throws JournalDamagedError (`JOURNAL_DAMAGED`), ModelOutdatedError (`MODEL_OUTDATED`) if this master's own journal cannot be replayed
   */
  async everything(skipped: (error: SnapshotDamagedError) => void): Promise<Gathered> {
    for (const listing of await this.#snapshots.list()) {
      try {
        const base = await this.#snapshots.read(listing);
        const plan = await this.#planFrom(base);
        const first = plan.accept[0];
        if (first === undefined || first.id > base.position) return { base, plan };
      } catch (error) {
        if (!(error instanceof SnapshotDamagedError)) throw error;
        skipped(error);
      }
    }
    const base: Base = { ...genesisBase(), root: () => this.#replica.executor.genesis() };
    return { base, plan: await this.#planFrom(base) };
  }

  async #planFrom(base: Base): Promise<Plan> {
    const heard = await this.#streams.heard();
    const incoming = await this.#streams.incoming(heard, base.vector, new Map());
    const own = this.#commit.durable;
    const from = base.vector.get(this.#streams.own) ?? 0;
    if (own !== undefined && own.seq > from) incoming.push(await this.#streams.ownIncoming(from, own));
    const plan = planMerge(incoming, this.#context());
    this.#observe(heard, plan);
    this.#replica.clock.observe(base.position);
    if (own !== undefined) this.#replica.clock.observe(own.id);
    const broken = plan.held.find((hold) => streamKey(hold) === this.#streams.own);
    if (broken !== undefined) {
      await this.#streams.findDamage();
      const why = `Your own journal in ${this.#store.location} cannot be replayed: ${broken.message}. Nothing was dropped.`;
      throw broken.reason === 'damaged' || broken.reason === 'gap'
        ? new JournalDamagedError(why)
        : new ModelOutdatedError(why);
    }
    return plan;
  }

  #context(): MergeContext {
    const { calls, timeline } = this.#replica;
    return {
      end: timeline.end,
      base: timeline.base,
      now: this.#options.now(),
      maxDrift: this.#options.maxClockDrift,
      obstacle: (event) => calls.obstacle(event),
    };
  }

  // New ids exceed everything seen, what is held included; but a stream from the future must not pull this clock along.
  #observe(heard: readonly Heard[], plan: Plan): void {
    const { clock } = this.#replica;
    const latest = this.#options.now() + this.#options.maxClockDrift;
    for (const { stream, frontier, own } of heard) {
      if (frontier === undefined) continue;
      this.heads.set(streamKey(stream), frontier.head?.seq ?? 0);
      // What this master promised itself binds it whatever the clock says.
      if (own) clock.observe(frontier.clock);
      if (frontier.head !== undefined && (own || ulidTime(frontier.head.id) <= latest)) clock.observe(frontier.head.id);
    }
    for (const event of plan.accept) clock.observe(event.id);
  }
}
