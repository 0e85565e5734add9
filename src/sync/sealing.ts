import { streamKey } from '../event/envelope.js';
import { ulidTime } from '../event/ulid.js';
import type { Seal } from '../store/frontier.js';
import type { VersionVector } from '../timeline/timeline.js';
import type { Hold, HoldReason } from './merge.js';
import type { ResolvedOptions } from './options.js';
import { highestSeal, type Offer } from './seal.js';
import type { ClockPromise } from './stable-cut.js';
import type { Heard } from './streams.js';

/** Holds that only a newer program can end: a sealer waits for them, or it would cut those who have upgraded. */
const TOO_OLD: ReadonlySet<HoldReason> = new Set([
  'newer-format',
  'model',
  'unknown-transaction',
  'newer-version',
  'arguments',
]);

/** What one master knows of seals: the one in force, whether its state obeys it, and what the others have promised. */
export class Sealing {
  readonly #options: ResolvedOptions;
  #seal: Seal | undefined;
  /** The seal that the state obeys. */
  #settled: Seal | undefined;
  #future = 0;
  #ended = new Map<string, number>();
  readonly #promises = new Map<string, string>();

  constructor(seal: Seal | undefined, options: ResolvedOptions) {
    this.#seal = seal;
    this.#options = options;
  }

  /** The seal in force. */
  get seal(): Seal | undefined {
    return this.#seal;
  }

  /** Number of a seal that was heard of and waits until its time has come: nothing may be sealed beside it. 0 if there is none. */
  get future(): number {
    return this.#future > (this.#seal?.no ?? 0) ? this.#future : 0;
  }

  /** Whether the state holds nothing any more that the seal in force says does not count. */
  get isSettled(): boolean {
    return this.#settled === this.#seal;
  }

  /** Streams of which nothing more counts, with how many of their events do. */
  get ended(): ReadonlyMap<string, number> {
    return this.#ended;
  }

  /**
   * Adopts the highest seal that others repeat. One that reaches beyond this machine's clock waits until its time has come:
   * a single wrong clock must not cut everybody.
   *
   * @returns whether there is a new one
   * @throws SeparateHistoriesError (`SEPARATE_HISTORIES`) if history was sealed twice, apart
   */
  hear(heard: readonly Heard[]): boolean {
    const latest = this.#options.now() + this.#options.maxClockDrift;
    const offers: Offer[] = [];
    this.#future = 0;
    for (const { stream, frontier } of heard) {
      if (frontier?.seal === undefined) continue;
      if (ulidTime(frontier.seal.H) <= latest) offers.push({ seal: frontier.seal, master: stream.master });
      else this.#future = Math.max(this.#future, frontier.seal.no);
    }
    const highest = highestSeal(this.#seal, offers);
    if (highest === undefined || highest === this.#seal || highest.no === this.#seal?.no) return false;
    this.adopt(highest);
    return true;
  }

  /** Puts a seal in force. */
  adopt(seal: Seal): void {
    this.#seal = seal;
  }

  /** The state obeys the seal in force now. */
  settle(): void {
    this.#settled = this.#seal;
  }

  /** From now on nothing more of a stream counts than its first `count` events. */
  end(key: string, count: number): void {
    this.#ended.set(key, count);
  }

  /**
   * What the others' clocks promise. A promise counts only when the events up to the head that was published with it are
   * accepted; until then the stream promises no more than before.
   */
  promises(
    heard: readonly Heard[],
    accepted: VersionVector,
    lastIds: ReadonlyMap<string, string>,
    held: readonly Hold[],
  ): ClockPromise[] {
    const tooOld = new Set(held.filter(({ reason }) => TOO_OLD.has(reason)).map((hold) => streamKey(hold)));
    const heardOf = new Set(
      heard.filter(({ frontier }) => frontier !== undefined).map(({ stream }) => streamKey(stream)),
    );
    const promises: ClockPromise[] = [];
    for (const { stream, frontier } of heard) {
      const key = streamKey(stream);
      const count = accepted.get(key) ?? 0;
      const isOver = this.#ended.has(key) || (frontier !== undefined && count >= (frontier.head?.seq ?? 0));
      // Its master goes on in another stream, which promises for itself; until that is heard of, this promise holds for both.
      const next = frontier?.next;
      if (isOver && next !== undefined && heardOf.has(streamKey({ master: stream.master, epoch: next }))) continue;
      // All events of a stream follow the moment at which it began.
      let clock = this.#promises.get(key) ?? stream.epoch;
      const known = isOver ? frontier?.clock : lastIds.get(key);
      if (known !== undefined && known > clock) clock = known;
      this.#promises.set(key, clock);
      promises.push({ key, clock, waited: tooOld.has(key) });
    }
    return promises;
  }
}
