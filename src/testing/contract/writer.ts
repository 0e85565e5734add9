import type { StreamHeader } from '../../event/event.js';
import { parseLine } from '../../event/line.js';
import { LineWriter } from '../../event/line-writer.js';
import { UlidClock } from '../../event/ulid-clock.js';
import { decideOpening } from '../../protocol/opening.js';
import type { Opening, OpeningFacts } from '../../store/opening.js';
import type { Journal, JournalRequest, Remembered, Store } from '../../store/store.js';
import { same } from './verdict.js';

const MODEL = 'contract';

/** A frontier that says nothing. */
export const NOTHING: Remembered = { head: undefined, seal: undefined, seen: [], deletable: 0 };

/** Makes requests and lines as one master on one machine would. */
export class Writer {
  readonly #clock: UlidClock;
  readonly request: JournalRequest;
  /** What the store found when the journal was opened last. */
  facts: OpeningFacts | undefined;

  constructor(master: string, now: () => number = Date.now) {
    this.#clock = new UlidClock({ now, random: Math.random, maxDrift: Infinity });
    const newEpoch = (last: string | undefined): string => {
      if (last !== undefined) this.#clock.observe(last);
      return this.#clock.next();
    };
    const decide = (facts: OpeningFacts): Opening => decideOpening((this.facts = facts));
    this.request = { master, model: MODEL, local: undefined, newEpoch, decide };
  }

  /** A ULID later than all before. */
  next(): string {
    return this.#clock.next();
  }

  /** Lines of events `from` to `to` of a stream, each with `argument`. */
  lines(store: Store, stream: StreamHeader, from: number, to: number, argument: unknown = ''): string {
    const { master, epoch } = stream;
    const writer = new LineWriter(stream, MODEL, store.crc32);
    let text = '';
    for (let seq = from; seq <= to; seq++) {
      const args = [seq, argument];
      const event = { id: this.#clock.next(), master, epoch, seq, model: MODEL, tx: 'add', txv: 1, args, meta: null };
      text += `${writer.line(event, JSON.stringify(args), 'null')}\n`;
    }
    return text;
  }

  /** The header of a stream that succeeds a journal's, because a seal cut it after its event `moved`. */
  successor(journal: Journal, moved: number): StreamHeader {
    const { master, model, session, epoch } = journal.header;
    const after = this.#clock.next();
    return { master, epoch: this.#clock.next(), model, session, reason: 'cut', after, moved: { [epoch]: moved } };
  }
}

/** Checks that a header is the one that was written; what else a store keeps in it is its own business. */
export function sameHeader(actual: StreamHeader | undefined, expected: StreamHeader): void {
  const told = (header: StreamHeader | undefined): unknown[] => [
    ...[header?.master, header?.epoch, header?.model, header?.session, header?.reason, header?.after],
    header?.moved ?? {},
  ];
  same(told(actual), told(expected), 'the header');
}

/** Numbers of the events in lines; each must be whole. */
export function seqs(store: Store, lines: readonly string[]): number[] {
  return lines.map((line) => {
    const parsed = parseLine(line, store.crc32);
    return parsed.kind === 'event' ? parsed.event.seq : -1;
  });
}

/** From `from` to `to`. */
export function range(from: number, to: number): number[] {
  return Array.from({ length: Math.max(0, to - from + 1) }, (_, index) => from + index);
}

/** Checks what others read of a stream. */
export async function readsAs(
  store: Store,
  stream: StreamHeader,
  after: number,
  expected: readonly number[],
): Promise<void> {
  same(seqs(store, await store.read(stream, after, 1e6)), expected, `what is read after ${after}`);
}

export async function* chunksOf(...texts: string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield new TextEncoder().encode(text);
}

/** All bytes of a snapshot. */
export async function bytesOf(store: Store, journal: Pick<Journal, 'header'>, position: string): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  for await (const piece of store.readSnapshot(journal.header, { position })) pieces.push(piece.slice());
  const bytes = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}
