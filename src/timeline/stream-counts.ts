import { type Event, type StreamId, streamKey } from '../event/event.js';

/** Names of versions: by stream, the id of the last event that counts, as far as it is known. */
export type VersionNames = ReadonlyMap<string, string>;

/** What is counted. */
type Counted = StreamId & Pick<Event, 'id' | 'seq'>;

/** Counts events by stream into a version vector, and notes which was the last of each. */
export class StreamCounts {
  readonly #vector: Map<string, number>;
  readonly #names: Map<string, string>;
  /** The event noted last: it is counted when one of another stream comes, as events of a stream come in runs. */
  #last: Counted | undefined;

  constructor(vector: Iterable<readonly [string, number]>, names: Iterable<readonly [string, string]> = []) {
    this.#vector = new Map(vector);
    this.#names = new Map(names);
  }

  /** How many events of each stream. */
  get vector(): ReadonlyMap<string, number> {
    this.#count();
    return this.#vector;
  }

  /** Id of the last event of each stream, as far as known. */
  get names(): VersionNames {
    this.#count();
    return this.#names;
  }

  /** Notes the next event in order. */
  note(event: Counted): void {
    if (event.master !== this.#last?.master || event.epoch !== this.#last.epoch) this.#count();
    this.#last = event;
  }

  #count(): void {
    if (this.#last === undefined) return;
    const key = streamKey(this.#last);
    this.#vector.set(key, this.#last.seq);
    this.#names.set(key, this.#last.id);
  }
}
