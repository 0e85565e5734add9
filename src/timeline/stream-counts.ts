import { type Event, streamKey } from '../event/event.js';

/** Names of versions: by stream, the id of the last event that counts, as far as it is known. */
export type VersionNames = ReadonlyMap<string, string>;

/** Counts events by stream into a version vector, and notes which was the last of each. */
export class StreamCounts {
  readonly vector: Map<string, number>;
  readonly #names: Map<string, string>;
  #last: Event | undefined;
  #key = '';

  constructor(vector: Iterable<readonly [string, number]>, names: Iterable<readonly [string, string]> = []) {
    this.vector = new Map(vector);
    this.#names = new Map(names);
  }

  /** Id of the last event of each stream, as far as known. */
  get names(): VersionNames {
    if (this.#last !== undefined) this.#names.set(this.#key, this.#last.id);
    return this.#names;
  }

  /** Notes the next event in order. */
  note(event: Event): void {
    // Events of a stream come in runs, and keys are slow to make.
    if (event.master !== this.#last?.master || event.epoch !== this.#last.epoch) {
      if (this.#last !== undefined) this.#names.set(this.#key, this.#last.id);
      this.#key = streamKey(event);
    }
    this.#last = event;
    this.vector.set(this.#key, event.seq);
  }
}
