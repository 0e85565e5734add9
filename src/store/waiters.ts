import type { PrevalentError } from '../errors.js';

/** One who waits until an event is durable. */
interface Waiter {
  readonly seq: number;
  /** Does not wait for a store that cannot be reached. */
  readonly isImpatient: boolean;
  readonly resolve: () => void;
  readonly reject: (error: PrevalentError) => void;
}

/** Those who wait for calls to become durable. */
export class Waiters {
  #waiting: Waiter[] = [];

  get count(): number {
    return this.#waiting.length;
  }

  /** Waits until event `seq` is durable. */
  wait(seq: number, isImpatient: boolean): Promise<void> {
    return new Promise((resolve, reject) => this.#waiting.push({ seq, isImpatient, resolve, reject }));
  }

  /** Everything up to `seq` is durable. */
  reached(seq: number): void {
    for (const { resolve } of this.#take((waiter) => waiter.seq <= seq)) resolve();
  }

  /** The store cannot be reached just now. */
  delayed(trouble: PrevalentError): void {
    for (const { reject } of this.#take(({ isImpatient }) => isImpatient)) reject(trouble);
  }

  /** Nothing more becomes durable. The result tells them when it is called: first comes what else has to be done about it. */
  ended(failure: PrevalentError): () => void {
    const all = this.#take(() => true);
    return () => {
      for (const { reject } of all) reject(failure);
    };
  }

  /** All of them wait for something else now. */
  follow(other: Promise<void>): void {
    for (const { resolve, reject } of this.#take(() => true)) other.then(resolve, reject);
  }

  #take(isMeant: (waiter: Waiter) => boolean): Waiter[] {
    const taken = this.#waiting.filter(isMeant);
    if (taken.length > 0) this.#waiting = this.#waiting.filter((waiter) => !isMeant(waiter));
    return taken;
  }
}
