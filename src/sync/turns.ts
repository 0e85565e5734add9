/** Runs work one after the other: a sync must not meet another one's half-done merge. */
export class Turns {
  #last: Promise<void> | undefined;
  /** What waits to be shared by whoever asks for the same. */
  #waiting: Promise<unknown> | undefined;

  /** Whether something runs, or waits for its turn. */
  get isBusy(): boolean {
    return this.#last !== undefined;
  }

  /** Resolves when what was begun so far has ended, however. */
  async idle(): Promise<void> {
    await this.#last;
  }

  /** Runs this when it is its turn. */
  run<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#last === undefined ? work() : this.#last.then(work);
    // Whoever asked hears of the failure; the next turn comes all the same.
    const ended: Promise<void> = turn.then(
      () => undefined,
      () => undefined,
    );
    this.#last = ended;
    void ended.then(() => {
      if (this.#last === ended) this.#last = undefined;
    });
    return turn;
  }

  /** As `run`; who asks while something runs shares the next run, so that it includes what was done before it was asked for. */
  share<T>(work: () => Promise<T>): Promise<T> {
    if (this.#last === undefined) return this.run(work);
    this.#waiting ??= this.run(() => {
      this.#waiting = undefined;
      return work();
    });
    return this.#waiting as Promise<T>;
  }
}
