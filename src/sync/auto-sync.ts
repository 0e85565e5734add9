/** Syncs again and again, jittered, never two at once; a failed sync is reported and the next one tried. */
export class AutoSync {
  readonly #everyMs: number;
  readonly #random: () => number;
  readonly #sync: () => Promise<unknown>;
  readonly #onError: (error: unknown) => void;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #stopped = false;

  constructor(everyMs: number, random: () => number, sync: () => Promise<unknown>, onError: (error: unknown) => void) {
    this.#everyMs = everyMs;
    this.#random = random;
    this.#sync = sync;
    this.#onError = onError;
    this.#schedule();
  }

  /** No sync begins after this. */
  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  // A fifth of jitter, so that many masters on one drive do not stay in step.
  #schedule(): void {
    const delay = this.#everyMs * (0.8 + 0.4 * this.#random());
    this.#timer = setTimeout(() => {
      this.#sync()
        .catch((error: unknown) => {
          // A sync that was cut short by closing is no news.
          if (!this.#stopped) this.#onError(error);
        })
        .finally(() => {
          if (!this.#stopped) this.#schedule();
        });
    }, delay);
  }
}
