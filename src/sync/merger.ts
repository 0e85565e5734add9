import { JournalDamagedError } from '../errors.js';
import { type Event, LineWriter, type StreamHeader, streamKey } from '../event/envelope.js';
import type { Frontier, Seal } from '../store/frontier.js';
import type { Store } from '../store/store.js';
import { BEHIND_BASE } from '../timeline/timeline.js';
import type { Gathered, Gatherer } from './gatherer.js';
import type { Hold, Plan } from './merge.js';
import type { ResolvedOptions } from './options.js';
import type { OwnStream } from './own-stream.js';
import { cutTail, inherited, type OwnTail, reissue } from './reissue.js';
import type { Merge, Replica } from './replica.js';
import { counts } from './seal.js';
import type { Sealing } from './sealing.js';
import type { Heard, Streams } from './streams.js';
import { firstMissing, withUnread } from './wholeness.js';

/** What a merge or a rebuild did. */
export interface Merged extends Merge {
  /** Events that are new here. */
  readonly received: readonly Event[];
  readonly held: readonly Hold[];
  /** Own calls that were issued again, because a seal was made without them. */
  readonly reissued: readonly Event[];
}

/** What is needed to issue own calls again: what the journals say, and the place of the new stream. */
interface Succession {
  readonly tails: readonly OwnTail[];
  readonly epoch: string;
}

/** Brings one replica's state in line with what was heard and with the seal in force. */
export class Merger {
  readonly #replica: Replica;
  readonly #store: Store;
  readonly #own: OwnStream;
  readonly #streams: Streams;
  readonly #gatherer: Gatherer;
  readonly #sealing: Sealing;
  readonly #attach: () => void;
  readonly #notice: (text: string) => void;
  readonly #options: ResolvedOptions;
  /** Snapshots that do not stand in for what is missing. */
  #tried = '';

  /**
   * @param attach makes the replica write to the stream that succeeds a cut one
   * @param notice told of what is noteworthy and lost nothing
   */
  constructor(
    replica: Replica,
    store: Store,
    own: OwnStream,
    streams: Streams,
    gatherer: Gatherer,
    sealing: Sealing,
    attach: () => void,
    notice: (text: string) => void,
    options: ResolvedOptions,
  ) {
    this.#options = options;
    this.#replica = replica;
    this.#store = store;
    this.#own = own;
    this.#streams = streams;
    this.#gatherer = gatherer;
    this.#sealing = sealing;
    this.#attach = attach;
    this.#notice = notice;
  }

  /**
   * Accepts what is new, drops what the seal in force says does not count, and issues own late calls again.
   *
   * @throws JournalDamagedError (`JOURNAL_DAMAGED`) if it needs history that cannot be read now, OutcomeUnknownError (`OUTCOME_UNKNOWN`) if
   * the disk refused own late calls: opening again tells what became of them
   */
  merge(heard: readonly Heard[]): Promise<Merged> {
    // Calls that are made while the store is read must still be there when the stream they went to is left.
    return this.#replica.pinned(() => this.#merge(heard));
  }

  async #merge(heard: readonly Heard[]): Promise<Merged> {
    const isNewSeal = !this.#sealing.isSettled;
    if (isNewSeal) await this.#endStreams(heard);
    const succession = isNewSeal ? await this.#prepare(heard) : undefined;
    const plan = await this.#gatherer.news(heard);
    for (const [key, count] of plan.cut) this.#sealing.end(key, count);
    const isBehind = this.#reachesBehindBase(plan) || (await this.#isReplaced(heard, plan));
    // Read before calls are issued again: they must not be in the journal and not in the state if that fails.
    const whole = isBehind ? await this.#gatherWhole(heard) : undefined;
    // From here to the end of a rewind nothing awaits: no call can come between the old stream and its successor.
    const missing = whole && this.#missingIn(whole);
    if (missing !== undefined) throw missing;
    const reissued = succession === undefined ? [] : this.#succeed(succession);
    if (this.#sealing.ended.has(this.#own.key)) throw this.#unreadable('its late calls are issued again when it can');
    const done = whole === undefined ? this.#revise(plan, reissued) : this.#rebuild(whole, reissued);
    this.#sealing.settle();
    return { ...done, reissued };
  }

  /** At the start, before anything is replayed: issues own calls again that a seal was made without. */
  async succeedAtStart(heard: readonly Heard[]): Promise<readonly Event[]> {
    const succession = await this.#prepare(heard);
    const reissued = succession === undefined ? [] : this.#succeed(succession);
    await this.#own.commit.flush();
    return reissued;
  }

  /** Puts what is new in its place. */
  #revise({ accept, held }: Plan, reissued: readonly Event[]): Omit<Merged, 'reissued'> {
    const received = [...accept, ...reissued];
    const merge = this.#replica.merge(received, this.#sealing.ended);
    if (merge === BEHIND_BASE) throw new Error('A merge reaches behind the base, and was found not to');
    return { ...merge, received, held };
  }

  /** A late event lies before what can be undone, or history was deleted: reads what the state is built from anew. */
  async #gatherWhole(heard: readonly Heard[]): Promise<Gathered> {
    const { commit } = this.#own;
    if (commit.failure === undefined) await commit.flush();
    return this.#gatherer.everything(heard, (error) => {
      this.#notice(error.message);
    });
  }

  /** All events that count after a base: those that were read, and calls that were made meanwhile. */
  #eventsAfter({ base, plan }: Gathered): Event[] {
    return withUnread(base, plan.accept, this.#replica.timeline.entries, this.#sealing.ended);
  }

  #missingIn(whole: Gathered): JournalDamagedError | undefined {
    const { accepted } = this.#replica;
    const missing = firstMissing(whole.base, this.#eventsAfter(whole), accepted, this.#sealing.ended);
    if (missing === undefined) return undefined;
    return new JournalDamagedError(
      `A merge needs the history of ${missing.key}, whose event ${missing.seq} cannot be read in ${this.#store.location}. ` +
        'Nothing was changed; sync the folder again, the merge is tried at the next sync.',
    );
  }

  /** Builds the state anew, from a snapshot or genesis. */
  #rebuild(whole: Gathered, reissued: readonly Event[]): Omit<Merged, 'reissued'> {
    const replica = this.#replica;
    const undone = replica.timeline.entries.length;
    const events = [...this.#eventsAfter(whole), ...reissued];
    const received = events.filter((event) => event.seq > (replica.accepted.get(streamKey(event)) ?? 0));
    replica.rebuild(whole.base, events, this.#sealing.seal);
    return { undone, replayed: events.length, received, changes: new Map(), held: whole.plan.held };
  }

  /** Finds the streams that the seal in force cuts short of what the state contains. */
  async #endStreams(heard: readonly Heard[]): Promise<void> {
    const { seal } = this.#sealing;
    if (seal === undefined) return;
    const moved = await this.#movedStreams(heard);
    const { timeline, accepted } = this.#replica;
    for (const [key, count] of accepted) {
      const named = seal.V[key] ?? 0;
      if (count <= named) continue;
      const entry = timeline.entries.find(({ event }) => event.seq === named + 1 && streamKey(event) === key);
      const id = entry?.event.id ?? (await this.#streams.idOf(key, named + 1));
      // Its master went on in another stream and deleted it, so that it was cut; what is behind the base is built anew.
      if (id === undefined && moved.has(key)) this.#sealing.end(key, named);
      else if (id === undefined)
        throw new JournalDamagedError(
          `Seal ${seal.no} names ${named} events of ${key}, of which ${count} were merged here; event ${named + 1} cannot be read in ${this.#store.location}, so it is not known whether it still counts. ` +
            'Nothing was changed; sync the folder again.',
        );
      else if (id <= seal.H) this.#sealing.end(key, named);
    }
  }

  /** Streams that others say they go on with elsewhere, because a seal cut them. */
  async #movedStreams(heard: readonly Heard[]): Promise<ReadonlySet<string>> {
    const moved = new Set<string>();
    for (const { stream } of heard) {
      const header = await this.#store.header(stream);
      for (const epoch of Object.keys(header?.moved ?? {})) moved.add(streamKey({ master: stream.master, epoch }));
    }
    return moved;
  }

  /** Reads own events that the seal in force does not name; `undefined` if all of them count or were issued again. */
  async #prepare(heard: readonly Heard[]): Promise<Succession | undefined> {
    const { seal } = this.#sealing;
    if (seal === undefined) return undefined;
    const found: { header: StreamHeader; frontier: Frontier | undefined }[] = [];
    for (const { stream, frontier, own } of heard) {
      // Of the stream that is written the header is known, whatever can be read of it just now.
      const isCurrent = streamKey(stream) === this.#own.key;
      const header = isCurrent ? this.#own.header : own ? await this.#store.header(stream) : undefined;
      if (header !== undefined) found.push({ header, frontier });
    }
    const { now, patience } = this.#options;
    const heirs = inherited(
      found.map(({ header, frontier }) => ({ session: header.session, clock: frontier?.clock ?? header.epoch })),
      this.#own.header.session,
      now() - patience,
    );
    const tails: OwnTail[] = [];
    for (const { header } of found) {
      const tail = heirs.has(header.session) ? await this.#lateOf(header, seal) : [];
      tails.push({ header, tail });
    }
    if (cutTail(tails, seal, this.#own.journal.moved).events.length === 0 && !this.#sealing.ended.has(this.#own.key))
      return undefined;
    const epoch = this.#replica.clock.advance();
    return { tails, epoch };
  }

  /** The events of an own stream from the first that a seal cuts; of the one that is written all of them, or none at all. */
  async #lateOf(header: StreamHeader, seal: Seal): Promise<readonly Event[]> {
    const key = streamKey(header);
    const named = seal.V[key] ?? 0;
    const isCurrent = key === this.#own.key;
    // Of an earlier stream all that it holds, published or not: a crash may have come between.
    const last = isCurrent ? (this.#own.commit.durable?.seq ?? 0) : Infinity;
    if (last <= named) return [];
    const [first] = await this.#streams.events(header, named, named + 1);
    if (first !== undefined && counts(first, seal)) return [];
    const tail = first === undefined ? [] : await this.#streams.events(header, named, last);
    if (isCurrent && (tail.at(-1)?.seq ?? named) < last) {
      await this.#streams.findDamage();
      throw this.#unreadable(`event ${(tail.at(-1)?.seq ?? named) + 1} of ${last} is missing`);
    }
    return tail;
  }

  #unreadable(what: string): JournalDamagedError {
    return new JournalDamagedError(
      `A seal was made without calls of this master, and its own journal in ${this.#store.location} cannot be read now: ${what}. Nothing was changed or dropped; it is tried again at the next sync.`,
    );
  }

  /** Goes on in the stream that continues the cut ones, in this turn; it is there when what was handed to it is durable. */
  #succeed({ tails, epoch }: Succession): readonly Event[] {
    const { seal } = this.#sealing;
    if (seal === undefined) return [];
    const { clock, definition, timeline } = this.#replica;
    const whole = tails.map(({ header, tail }) => ({
      header,
      tail: streamKey(header) === this.#own.key ? withCalls(tail, header, seal, timeline.entries) : tail,
    }));
    const { events, upTo } = cutTail(whole, seal, this.#own.journal.moved);
    const { master, session, model } = this.#own.header;
    const header: StreamHeader = { master, epoch, model, session, reason: 'cut', after: seal.H, moved: upTo };
    const reissued = reissue(events, header, () => clock.advance());
    if (reissued.length === 0) return [];
    const writer = new LineWriter(header, definition.name, this.#store.crc32);
    const lines = reissued.map((event) => ({
      event,
      line: writer.line(event, JSON.stringify(event.args), JSON.stringify(event.meta)),
    }));
    this.#own
      .succeed(header, lines)
      .then((left) => left.close())
      .catch((error: unknown) => {
        // A refusal is heard of by whoever waits for the new stream; an old file that stays open harms nobody.
        if (error !== this.#own.commit.failure)
          this.#notice(`The file of a stream that is cut could not be closed: ${(error as Error).message}`);
      });
    for (const { header: old } of tails) {
      if (upTo[old.epoch] !== undefined) this.#sealing.end(streamKey(old), seal.V[streamKey(old)] ?? 0);
    }
    this.#attach();
    return reissued;
  }

  /** Whether events that are missing were deleted, and a snapshot that stands in for them can be read. */
  async #isReplaced(heard: readonly Heard[], plan: Plan): Promise<boolean> {
    if (!this.#gatherer.lacksSealed(this.#replica.accepted, plan)) return false;
    const candidates = await this.#gatherer.candidates(heard);
    // Each of them is read whole once: as a rule the events are only on their way.
    const offered = candidates.map(({ stream, listing }) => `${streamKey(stream)} ${listing.position}`).join();
    const asked = `${this.#sealing.seal?.no ?? 0} ${offered}`;
    if (candidates.length === 0 || this.#tried === asked) return false;
    const whole = await this.#gatherer.everything(heard, () => undefined);
    if (!this.#gatherer.lacksSealed(whole.base.vector, whole.plan)) return true;
    // Perhaps for some of them: a machine may be gone before it could show what it sealed last.
    if (this.#gatherer.holdsMoreSealed(whole, plan) && this.#missingIn(whole) === undefined) return true;
    if (this.#gatherer.unread === 0) this.#tried = asked;
    return false;
  }

  /** Whether something that is late comes before all that can be undone, or something that no longer counts cannot be. */
  #reachesBehindBase({ accept }: Plan): boolean {
    const { timeline } = this.#replica;
    if (accept[0] !== undefined && accept[0].id <= timeline.base) return true;
    const vector = timeline.vectorAt(timeline.base);
    return [...this.#sealing.ended].some(([key, count]) => (vector.get(key) ?? 0) > count);
  }
}

/** Calls that were made since the journal was read are in memory only. */
function withCalls(
  tail: readonly Event[],
  header: StreamHeader,
  seal: Seal,
  entries: readonly { readonly event: Event }[],
): readonly Event[] {
  const key = streamKey(header);
  const last = tail.at(-1)?.seq ?? seal.V[key] ?? 0;
  const calls = entries.map(({ event }) => event).filter((event) => streamKey(event) === key && event.seq > last);
  if (calls.some(({ seq }, index) => seq !== last + index + 1))
    throw new JournalDamagedError(
      `Calls of this master after event ${last} of ${key} are no longer in memory; they are read at the next sync.`,
    );
  return [...tail, ...calls];
}
