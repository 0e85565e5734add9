import type { NatsConnection } from '@nats-io/transport-node';

/** Who is told that a connection was lost, and that it is there again. */
export interface LivenessListener {
  lost(): void;
  again(): void;
}

/**
 * Whether a connection is there, shared by all stores on it. The package would let whoever waits for an answer wait on when the connection
 * is lost, although the answer comes no more.
 */
export class Liveness {
  static readonly #ofConnections = new WeakMap<NatsConnection, Liveness>();
  readonly #waiting = new Set<(error: Error) => void>();
  readonly #listeners = new Set<LivenessListener>();
  #isLost = false;

  private constructor(nc: NatsConnection) {
    void this.#follow(nc);
  }

  static of(nc: NatsConnection): Liveness {
    const known = this.#ofConnections.get(nc);
    if (known !== undefined) return known;
    const made = new Liveness(nc);
    this.#ofConnections.set(nc, made);
    return made;
  }

  /** Runs work, which ends with an error when the connection is lost. */
  async whileConnected<T>(work: () => Promise<T>): Promise<T> {
    if (this.#isLost) throw lost();
    return new Promise<T>((resolve, reject) => {
      this.#waiting.add(reject);
      work()
        .finally(() => this.#waiting.delete(reject))
        .then(resolve, reject);
    });
  }

  /** Gives what ends it. */
  listen(listener: LivenessListener): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  async #follow(nc: NatsConnection): Promise<void> {
    for await (const { type } of nc.status())
      if (type === 'disconnect') this.#lose();
      else if (type === 'reconnect') this.#find();
    // It was closed: whoever asks now hears that from the connection itself.
    this.#lose();
    this.#isLost = false;
  }

  #lose(): void {
    this.#isLost = true;
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const reject of waiting) reject(lost());
    for (const listener of [...this.#listeners]) listener.lost();
  }

  #find(): void {
    this.#isLost = false;
    for (const listener of [...this.#listeners]) listener.again();
  }
}

function lost(): Error {
  return new Error('the connection is lost; it is being made again');
}
