import { headers } from '@nats-io/transport-node';
import type { Link } from './link.js';
import { isGone, isOvertaken } from './refusals.js';

/** One stored message. */
export interface Message {
  /** Its number in the JetStream stream, over all subjects. */
  readonly seq: number;
  readonly subject: string;
  readonly header: string;
  readonly data: Uint8Array;
}

/** What a message says about itself is one header, so that its body is nothing but lines. */
const HEADER = 'Prevalent';

/** So many messages are read one after the other, before parts are. */
const FEW = 8;

/** So many parts of a stream are read at the same time, at most. */
const MOST_LANES = 16;

/** A part has at most so many messages when many are read. */
const LANE_MESSAGES = 16;

/** What is asked of a JetStream stream: each is one question and its answer. No consumers, which a server would have to keep. */
export class Messages {
  readonly #link: Link;
  readonly #stream: string;

  constructor(link: Link, stream: string) {
    this.#link = link;
    this.#stream = stream;
  }

  /**
   * Stores a message if the last one on its subject is still `expected` (0: there is none); gives its number. `undefined`: it is another one,
   * so nothing was stored.
   */
  async publish(subject: string, header: string, data: Uint8Array, expected: number): Promise<number | undefined> {
    const marked = headers();
    marked.set(HEADER, header);
    try {
      const { timeLimit } = this.#link.settings;
      const { seq } = await this.#link.call(({ js }) =>
        js.publish(subject, data, {
          headers: marked,
          expect: { streamName: this.#stream, lastSubjectSequence: expected },
          timeout: timeLimit,
        }),
      );
      return seq;
    } catch (error) {
      if (isOvertaken(error)) return undefined;
      throw error;
    }
  }

  /** The last message on a subject, which may have wildcards. */
  last(subject: string): Promise<Message | undefined> {
    return this.#get({ last_by_subj: subject });
  }

  /** The first message on a subject from number `from` on. */
  next(subject: string, from: number): Promise<Message | undefined> {
    return this.#get({ next_by_subj: subject, seq: Math.max(1, from) });
  }

  async #get(query: { last_by_subj: string } | { next_by_subj: string; seq: number }): Promise<Message | undefined> {
    const found = await this.#link.call(({ jsm }) => jsm.streams.getMessage(this.#stream, query));
    if (found === null) return undefined;
    const { seq, subject, header, data } = found;
    return { seq, subject, header: header.get(HEADER), data };
  }

  /**
   * All messages on a subject with numbers from `from` to `to`, in order. The first few one after the other; then several parts are asked for
   * at a time, more and more of them, as wide as the messages lie apart.
   */
  async *between(subject: string, from: number, to: number): AsyncGenerator<Message> {
    let at = from;
    for (let count = 0; count < FEW; count++) {
      const message = at > to ? undefined : await this.next(subject, at);
      if (message === undefined || message.seq > to) return;
      yield message;
      at = message.seq + 1;
    }
    let [lanes, width] = [2, Math.max(1, Math.ceil((at - from) / FEW) * 4)];
    while (at <= to) {
      const starts = Array.from({ length: lanes }, (_, lane) => at + lane * width).filter((start) => start <= to);
      const ends = starts.map((start) => Math.min(start + width - 1, to));
      const parts = await Promise.all(starts.map((start, lane) => this.#part(subject, start, ends[lane] ?? to)));
      for (const { found } of parts) yield* found;
      at = Math.max((ends.at(-1) ?? to) + 1, parts.at(-1)?.next ?? to + 1);
      const count = parts.reduce((sum, { found }) => sum + found.length, 0);
      if (count < 2 * lanes) width *= 2;
      else if (count > LANE_MESSAGES * lanes) width = Math.ceil(width / 2);
      else lanes = Math.min(2 * lanes, MOST_LANES);
    }
  }

  /** The messages of a part, and the number of the first one behind it. */
  async #part(subject: string, from: number, to: number): Promise<{ found: Message[]; next: number }> {
    const found: Message[] = [];
    for (let at = from; ;) {
      const message = await this.next(subject, at);
      if (message === undefined) return { found, next: Infinity };
      if (message.seq > to) return { found, next: message.seq };
      found.push(message);
      at = message.seq + 1;
      if (at > to) return { found, next: at };
    }
  }

  /** Deletes the messages on a subject with numbers below `before`; all of them if that is left out. */
  async purge(subject: string, before?: number): Promise<void> {
    const which = before === undefined ? { filter: subject } : { filter: subject, seq: before };
    await this.#link.call(({ jsm }) => jsm.streams.purge(this.#stream, which));
  }

  /** Deletes one message; also if it is gone already. */
  async remove(seq: number): Promise<void> {
    await this.#link.call(async ({ jsm }) => {
      try {
        await jsm.streams.deleteMessage(this.#stream, seq, false);
      } catch (error) {
        if (!isGone(error)) throw error;
      }
    });
  }

  /** All subjects that fit a pattern and have messages. */
  async subjects(pattern: string): Promise<string[]> {
    const { state } = await this.#link.call(({ jsm }) => jsm.streams.info(this.#stream, { subjects_filter: pattern }));
    return Object.keys(state.subjects ?? {});
  }
}
