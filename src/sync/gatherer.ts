import { JournalDamagedError, ModelOutdatedError, SnapshotDamagedError } from '../errors.js';
import { type StreamId, streamKey } from '../event/envelope.js';
import { ulidTime } from '../event/ulid.js';
import type { Frontier } from '../store/frontier.js';
import type { SnapshotListing, Store } from '../store/store.js';
import type { Base } from '../timeline/fold.js';
import { Backwards } from './backwards.js';
import { genesisBase, type VersionVector } from '../timeline/timeline.js';
import { type Incoming, type Plan, planMerge } from './merge.js';
import type { ResolvedOptions } from './options.js';
import type { OwnStream } from './own-stream.js';
import type { SealedSnapshot } from './publisher.js';
import type { Replica } from './replica.js';
import { holdsAllOf } from './seal.js';
import type { Sealing } from './sealing.js';
import type { LoadedSnapshot, Snapshots } from './snapshots.js';
import type { Heard, Streams } from './streams.js';

/** What was found in a store: a base, and what to do with the events after it. */
export interface Gathered {
  readonly base: Base;
  readonly plan: Plan;
}

/** Reads a store for one replica: what to build its state from, and what is new. */
export class Gatherer {
  /** How many candidates could not be read when everything was read last. */
  unread = 0;
  /** Number of the last event that each stream's master has published, as far as heard. */
  readonly heads = new Map<string, number>();
  readonly #replica: Replica;
  readonly #store: Store;
  readonly #streams: Streams;
  readonly #snapshots: Snapshots;
  readonly #own: OwnStream;
  readonly #sealing: Sealing;
  readonly #options: ResolvedOptions;
  readonly #backwards: Backwards;

  constructor(
    replica: Replica,
    store: Store,
    streams: Streams,
    snapshots: Snapshots,
    own: OwnStream,
    sealing: Sealing,
    options: ResolvedOptions,
  ) {
    this.#replica = replica;
    this.#store = store;
    this.#streams = streams;
    this.#snapshots = snapshots;
    this.#own = own;
    this.#sealing = sealing;
    this.#options = options;
    this.#backwards = new Backwards(replica, streams, sealing);
  }

  /** What others published since the last merge; the plan is for the state as it is when this resolves. */
  async news(heard: readonly Heard[]): Promise<Plan> {
    const { accepted, lastIds } = this.#replica;
    const incoming = await this.#streams.incoming(heard, accepted, lastIds, this.#sealing.ended);
    const back = await this.#backwards.among(heard, incoming);
    if (back.length === 0) return this.#plan(incoming, accepted);
    const keys = new Set(back.map(streamKey));
    const plan = this.#plan(
      incoming.filter(({ stream }) => !keys.has(streamKey(stream))),
      accepted,
    );
    return { ...plan, held: [...plan.held, ...back] };
  }

  /**
   * The newest snapshot that no other event precedes, and all events after it; genesis if there is none. Of this master's own
   * snapshots, and of those that others published at a seal.
   *
   * @param skipped told of each snapshot that is damaged
   * @throws JournalDamagedError (`JOURNAL_DAMAGED`), ModelOutdatedError (`MODEL_OUTDATED`) if this master's own journal cannot be replayed
   */
  async everything(heard: readonly Heard[], skipped: (error: Error) => void): Promise<Gathered> {
    let best: Gathered | undefined;
    const unusable: SnapshotDamagedError[] = [];
    const note = (error: SnapshotDamagedError): void => {
      unusable.push(error);
      skipped(error);
    };
    this.unread = 0;
    for (const { stream, listing } of await this.candidates(heard)) {
      const base = await this.tryRead(stream, listing, note);
      if (base === undefined) this.unread++;
      if (base === undefined || this.#isAhead(base) || !(await this.obeysSeal(base))) continue;
      const plan = await this.#planFrom(heard, base);
      const first = plan.accept[0];
      if (first !== undefined && first.id <= base.position) continue;
      if (!this.lacksSealed(base.vector, plan)) return this.#checked(base, plan, unusable);
      best ??= { base, plan };
    }
    if (best === undefined) {
      const base: Base = { ...genesisBase(), root: () => this.#replica.executor.genesis() };
      best = { base, plan: await this.#planFrom(heard, base) };
    }
    return this.#checked(best.base, best.plan, unusable);
  }

  /** Whether a state would lack events that the seal in force names: they may have been deleted, and a snapshot stands in for them. */
  lacksSealed(accepted: VersionVector, plan: Plan): boolean {
    const { seal } = this.#sealing;
    return seal !== undefined && !holdsAllOf(seal, reached(accepted, plan));
  }

  /** Whether a state built anew would hold more of the events that the seal in force names than this one after a merge, and no less of any stream. */
  holdsMoreSealed({ base, plan }: Gathered, merge: Plan): boolean {
    const [now, then] = [reached(this.#replica.accepted, merge), reached(base.vector, plan)];
    const gains = Object.entries(this.#sealing.seal?.V ?? {}).map(
      ([key, count]) => Math.min(then.get(key) ?? 0, count) - Math.min(now.get(key) ?? 0, count),
    );
    return gains.some((gain) => gain > 0) && gains.every((gain) => gain >= 0);
  }

  /** New ids exceed everything seen, what is held included; but a stream from the future must not pull this clock along. */
  observe(heard: readonly Heard[]): void {
    const { clock } = this.#replica;
    const latest = this.#options.now() + this.#options.maxClockDrift;
    for (const { stream, frontier, own } of heard) {
      if (frontier === undefined) continue;
      this.heads.set(streamKey(stream), frontier.head?.seq ?? 0);
      // What this master promised itself binds it whatever the clock says.
      if (own) clock.observe(frontier.clock);
      if (frontier.head !== undefined && (own || ulidTime(frontier.head.id) <= latest)) clock.observe(frontier.head.id);
    }
  }

  /** Snapshots to start from, newest first: this master's own, and what others published at a seal. */
  async candidates(heard: readonly Heard[]): Promise<{ stream: StreamId; listing: SnapshotListing }[]> {
    const found: { stream: StreamId; listing: SnapshotListing }[] = [];
    for (const { stream, frontier, own } of heard) {
      if (own) for (const listing of await this.#store.snapshots(stream)) found.push({ stream, listing });
      else if (frontier?.snapshot !== undefined && frontier.snapshot.no <= (this.#sealing.seal?.no ?? 0))
        found.push({ stream, listing: frontier.snapshot });
    }
    return found.sort((left, right) => (left.listing.position > right.listing.position ? -1 : 1));
  }

  /** The newest snapshot at a seal that this machine took and that is still there to be started from. @param mine its own frontier */
  async lastOffer(mine: Frontier | undefined): Promise<SealedSnapshot | undefined> {
    if (this.#sealing.seal === undefined) return undefined;
    for (const listing of await this.#snapshots.list()) {
      const { snapshot, fingerprint: said } = mine ?? {};
      if (snapshot?.position === listing.position && said?.no === snapshot.no)
        return { ...snapshot, fingerprint: said.hash, V: { [this.#own.key]: snapshot.events } };
      // The frontier that said so is gone, or an older one came back; the snapshots themselves say it as well.
      if ((await this.#snapshots.sealOf(listing)) === null) continue;
      const loaded = await this.tryRead(this.#own.header, listing, () => undefined);
      if (loaded === undefined || loaded.seal === null) continue;
      const { seal: no, position, fingerprint, vector } = loaded;
      return { no, position, fingerprint, V: Object.fromEntries(vector) };
    }
    return undefined;
  }

  /** Reads one of the candidates; `undefined` if it cannot be used. @param skipped told if it is damaged */
  async tryRead(
    stream: StreamId,
    listing: SnapshotListing,
    skipped: (error: SnapshotDamagedError) => void,
  ): Promise<LoadedSnapshot | undefined> {
    try {
      return await this.#snapshots.read(stream, listing);
    } catch (error) {
      // Another master's file may not have arrived, or is just being replaced by a newer one.
      // So may one of its own: they are pruned in the background.
      const isThere =
        stream.master === this.#own.header.master &&
        (await this.#store.snapshots(stream)).some(({ position }) => position === listing.position);
      if (!(error instanceof SnapshotDamagedError) && isThere) throw error;
      if (error instanceof SnapshotDamagedError) skipped(error);
      return undefined;
    }
  }

  /** Whether a snapshot contains nothing that does not count under the seal in force. */
  async obeysSeal(base: Base): Promise<boolean> {
    const { seal } = this.#sealing;
    if (seal === undefined) return true;
    for (const [key, count] of base.vector) {
      const named = seal.V[key] ?? 0;
      if (count <= named) continue;
      const id = await this.#streams.idOf(key, named + 1);
      if (id === undefined || id <= seal.H) return false;
    }
    return true;
  }

  /** A journal that was put back to an older copy goes on without what a snapshot still contains. */
  #isAhead(base: Base): boolean {
    return (base.vector.get(this.#streams.own) ?? 0) > (this.#own.commit.durable?.seq ?? 0);
  }

  async #planFrom(heard: readonly Heard[], base: Base): Promise<Plan> {
    const incoming = await this.#streams.incoming(heard, base.vector, new Map(), this.#sealing.ended);
    const own = this.#own.commit.durable;
    const from = base.vector.get(this.#streams.own) ?? 0;
    if (own !== undefined && own.seq > from) incoming.push(await this.#streams.ownIncoming(from, own));
    this.#replica.clock.observe(base.position);
    if (own !== undefined) this.#replica.clock.observe(own.id);
    return this.#plan(incoming, base.vector);
  }

  async #checked(base: Base, plan: Plan, unusable: readonly SnapshotDamagedError[]): Promise<Gathered> {
    const broken = plan.held.find((hold) => streamKey(hold) === this.#streams.own);
    if (broken !== undefined) {
      await this.#streams.findDamage();
      const why = `Your own journal in ${this.#store.location} cannot be replayed: ${broken.message}. Nothing was dropped.`;
      const first = unusable.find(({ isIntact }) => isIntact) ?? unusable[0];
      if (first !== undefined && (broken.reason === 'gap' || broken.reason === 'unsealed')) {
        const both = `${why} A snapshot could stand in for what is missing. ${first.message}`;
        throw first.isIntact
          ? new ModelOutdatedError(both, { cause: first })
          : new JournalDamagedError(both, { cause: first });
      }
      throw broken.reason === 'damaged' || broken.reason === 'gap' || broken.reason === 'unsealed'
        ? new JournalDamagedError(why)
        : new ModelOutdatedError(why);
    }
    return { base, plan };
  }

  #plan(incoming: readonly Incoming[], accepted: VersionVector): Plan {
    const { calls, timeline, clock } = this.#replica;
    const plan = planMerge(incoming, {
      end: timeline.end,
      base: timeline.base,
      now: this.#options.now(),
      maxDrift: this.#options.maxClockDrift,
      accepted,
      seal: this.#sealing.seal,
      obstacle: (event) => calls.obstacle(event),
    });
    for (const event of plan.accept) clock.observe(event.id);
    return plan;
  }
}

/** How many events of each stream a state holds when a plan is carried out. */
function reached(accepted: VersionVector, { accept }: Plan): Map<string, number> {
  const after = new Map(accepted);
  for (const event of accept) after.set(streamKey(event), event.seq);
  return after;
}
