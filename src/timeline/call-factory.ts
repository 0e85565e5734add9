import { type CallCodec, copyJson } from '../event/call-codec.js';
import { type Event } from '../event/envelope.js';
import { ulidTime } from '../event/ulid.js';
import type { ModelDefinition, TransactionDefinition } from '../model/definition.js';
import { deterministic } from '../state/determinism.js';
import type { Call } from '../state/executor.js';

/** Why this program cannot run an event (yet). */
export type Obstacle = 'model' | 'unknown-transaction' | 'newer-version' | 'arguments';

/** Turns events into calls that can run. */
export class CallFactory {
  readonly #definition: ModelDefinition;
  readonly #codec: CallCodec;

  constructor(definition: ModelDefinition, codec: CallCodec) {
    this.#definition = definition;
    this.#codec = codec;
  }

  /** What keeps this program from running the event; `undefined` if nothing does. Decided once, before it is accepted. */
  obstacle(event: Event): Obstacle | undefined {
    if (event.model !== this.#definition.name) return 'model';
    const definition = this.#definition.transactions.get(event.tx);
    if (definition === undefined) return 'unknown-transaction';
    if (event.txv > definition.version) return 'newer-version';
    if (typeof event.meta === 'object' && !isCopyable(event.meta)) return 'arguments';
    if (!Array.isArray(event.args) || event.args.some((arg) => typeof arg === 'object' && arg !== null)) {
      try {
        this.#codec.open(event.args);
      } catch {
        // The reason is told by what is returned: the stream is held, nothing is lost.
        return 'arguments';
      }
    }
    return undefined;
  }

  /** The event as a call with a private copy of its arguments. */
  make(event: Event): Call {
    const definition = this.#find(event);
    const origin = event.origin ?? event.id;
    return {
      definition,
      args: () => this.#codec.decode(definition, event.args, event.txv),
      origin,
      transaction: { id: event.id, time: ulidTime(origin), master: event.master, meta: copyJson(event.meta) },
    };
  }

  /**
   * A private copy of the event's arguments, for listeners and logs: as the method gets them, or as they were recorded if this
   * program's upcasts refuse them.
   */
  args(event: Event): unknown[] {
    try {
      const definition = this.#find(event);
      return deterministic(event.origin ?? event.id, () => this.#codec.decode(definition, event.args, event.txv));
    } catch {
      // Such an event is rejected in its place, where the reason is told; showing it must not stop anything.
      return this.#codec.open(event.args);
    }
  }

  /** A private copy of what the event's master recorded with it. */
  meta(event: Event): unknown {
    return copyJson(event.meta);
  }

  #find(event: Event): TransactionDefinition {
    const definition = this.#definition.transactions.get(event.tx);
    if (definition === undefined) throw new Error(`No transaction ${event.tx}: an event was accepted that cannot run`);
    return definition;
  }
}

function isCopyable(json: unknown): boolean {
  try {
    copyJson(json);
    return true;
  } catch {
    return false;
  }
}
