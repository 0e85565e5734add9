import { type Event, streamKey } from '../event/envelope.js';
import type { Hold, Incoming } from './merge.js';
import type { Replica } from './replica.js';
import type { Sealing } from './sealing.js';
import type { Heard, Streams } from './streams.js';

/**
 * Finds streams that went back behind what was accepted of them: a machine, or the shared folder, was restored from a backup.
 * What was accepted stays; that there is nothing behind it any more is told. What a seal names is final, and its owner may
 * have deleted it. Nothing is read of a stream whose frontier fits.
 */
export class Backwards {
  readonly #replica: Replica;
  readonly #streams: Streams;
  readonly #sealing: Sealing;
  /** What was found, as long as nothing about it changes. */
  readonly #found = new Map<string, { readonly mark: string; readonly hold: Hold }>();

  constructor(replica: Replica, streams: Streams, sealing: Sealing) {
    this.#replica = replica;
    this.#streams = streams;
    this.#sealing = sealing;
  }

  /** Those among the streams heard of. @param incoming what was just read of those that have news */
  async among(heard: readonly Heard[], incoming: readonly Incoming[]): Promise<Hold[]> {
    const holds: Hold[] = [];
    for (const one of heard) {
      const key = streamKey(one.stream);
      const mark = await this.#mark(one, incoming);
      const known = this.#found.get(key);
      if (mark === undefined) this.#found.delete(key);
      else if (known?.mark === mark) holds.push(known.hold);
      else {
        const hold = await this.#hold(one);
        this.#found.set(key, { mark, hold });
        holds.push(hold);
      }
    }
    return holds;
  }

  /** What a stream went back to, as a text that tells it from other such finds; `undefined` if it did not. */
  async #mark({ stream, frontier }: Heard, incoming: readonly Incoming[]): Promise<string | undefined> {
    const key = streamKey(stream);
    const { accepted, lastIds } = this.#replica;
    const count = accepted.get(key) ?? 0;
    if (frontier === undefined || key === this.#streams.own || this.#sealing.ended.has(key)) return undefined;
    if (count <= (this.#sealing.seal?.V[key] ?? 0)) return undefined;
    const { head } = frontier;
    const lastId = lastIds.get(key);
    const text = `${count} ${head?.seq ?? 0} ${head?.id ?? ''}`;
    if (head !== undefined && head.seq === count) return lastId === undefined || head.id === lastId ? undefined : text;
    if (head !== undefined && head.seq > count) {
      const last = incoming.find((one) => streamKey(one.stream) === key)?.last;
      return last === undefined || last.id === lastId ? undefined : text;
    }
    // An older frontier that arrived late says nothing as long as the journal behind it is whole.
    const id = await this.#streams.idOf(key, count);
    return id !== undefined && (lastId === undefined || id === lastId) ? undefined : text;
  }

  async #hold({ stream }: Heard): Promise<Hold> {
    const key = streamKey(stream);
    const count = this.#replica.accepted.get(key) ?? 0;
    const mine = this.#replica.timeline.entries.map(({ event }) => event).filter((event) => streamKey(event) === key);
    const from = Math.max(this.#sealing.seal?.V[key] ?? 0, (mine[0]?.seq ?? count) - 1);
    const there = await this.#streams.events(stream, from, count);
    const seq = firstDifference(mine, there, from);
    const [first, last] = [mine.find((event) => event.seq === seq), mine.at(-1)];
    const which = seq < count ? `events ${seq} to ${count}` : `event ${count}`;
    const ids = first === undefined || last === undefined ? '' : ` (${first.id} to ${last.id})`;
    return {
      ...stream,
      seq,
      reason: 'backwards',
      message:
        `the journal of ${key} went back: ${which}${ids}, accepted here before, ${seq < count ? 'are' : 'is'} no longer in it, as after a backup was restored. ` +
        'This master keeps what it accepted, in memory and in its snapshots; those who had not accepted it lack it. ' +
        `Put the files of ${stream.master} from another copy of the folder back, or call compact() here, so that others get them with a snapshot. Do not make those calls again: they would count twice`,
    };
  }
}

/** Number of the first of the accepted events that the journal does not hold as it was accepted. */
function firstDifference(mine: readonly Event[], there: readonly Event[], from: number): number {
  const ids = new Map(mine.map(({ seq, id }) => [seq, id]));
  const same = there.findIndex(({ seq, id }) => ids.has(seq) && ids.get(seq) !== id);
  return from + 1 + (same < 0 ? there.length : same);
}
