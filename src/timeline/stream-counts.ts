import { type Event, streamKey } from '../event/event.js';

/** Counts events by stream into a version vector. */
export class StreamCounts {
  readonly vector: Map<string, number>;
  #last: Event | undefined;
  #key = '';

  constructor(vector: Iterable<readonly [string, number]>) {
    this.vector = new Map(vector);
  }

  /** Notes the next event in order. */
  note(event: Event): void {
    // Events of a stream come in runs, and keys are slow to make.
    if (event.master !== this.#last?.master || event.epoch !== this.#last.epoch) this.#key = streamKey(event);
    this.#last = event;
    this.vector.set(this.#key, event.seq);
  }
}
