import { UncarriableArgumentError } from '../errors.js';
import { type CallCodec, copyJson, type EncodedArgs, isFlat } from '../event/call-codec.js';
import type { Event } from '../event/event.js';
import { isShort } from '../event/short-args.js';
import { idTime } from '../event/ulid-clock.js';
import type { CallMeta } from '../model/call-meta.js';
import type { ModelDefinition, TransactionDefinition } from '../model/definition.js';
import { deterministic } from '../state/determinism.js';
import type { RunningTransaction } from '../model/registry.js';
import type { Call } from '../state/executor.js';

/** Why this program cannot run an event (yet). */
export interface Obstacle {
  readonly reason: 'model' | 'unknown-transaction' | 'newer-version' | 'arguments';
  /** Sentences that say what cannot be decoded and what to do; `undefined` if there is no more to say. */
  readonly why?: string;
}

/** Characters of a reason: what it quotes is from a file that anybody may have written. */
const LONGEST_REASON = 1_000;

/** Arguments as they are recorded, and their JSON text; that is not made of a few short primitives. */
export interface RecordedArgs {
  readonly args: EncodedArgs;
  readonly text: string | undefined;
}

/** Turns events into calls that can run. */
export class CallFactory {
  readonly #definition: ModelDefinition;
  readonly #codec: CallCodec;

  constructor(definition: ModelDefinition, codec: CallCodec) {
    this.#definition = definition;
    this.#codec = codec;
  }

  /**
   * The arguments of a new call as they are recorded. Classes that are made of plain objects see the call's time, and randomness
   * of their own, so that an id made here is none that the call makes.
   *
   * @param id what the call's event will have
   * @throws UncarriableArgumentError (`UNCARRIABLE_ARGUMENT`), LiveArgumentError (`LIVE_ARGUMENT`)
   */
  record(definition: TransactionDefinition, args: readonly unknown[], id: string): RecordedArgs {
    if (isShort(args)) return { args, text: undefined };
    return (
      this.#codec.encodeFlat(definition, args) ??
      deterministic(`${id} arguments`, () => this.#codec.encode(definition, args))
    );
  }

  /** What keeps this program from running the event; `undefined` if nothing does. Decided once, before it is accepted. */
  obstacle(event: Event): Obstacle | undefined {
    if (event.model !== this.#definition.name) return { reason: 'model' };
    const definition = this.#definition.transactions.get(event.tx);
    if (definition === undefined) return { reason: 'unknown-transaction' };
    if (event.txv > definition.version) return { reason: 'newer-version' };
    if (typeof event.meta === 'object' && !isCopyable(event.meta)) return { reason: 'arguments' };
    if (!isFlat(event.args)) {
      try {
        this.#codec.open(event.args);
      } catch (error) {
        // Told by what is returned: the stream is held, nothing is lost. What others throw says nothing to users.
        const isOurs = error instanceof UncarriableArgumentError;
        return { reason: 'arguments', ...(isOurs ? { why: error.message.slice(0, LONGEST_REASON) } : {}) };
      }
    }
    return undefined;
  }

  /** The event as a call with a private copy of its arguments. */
  make(event: Event): Call {
    return new EventCall(event, this.#find(event), this.#codec);
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

  /** The method that the event runs. */
  method(event: Event): PropertyKey {
    return this.#find(event).property;
  }

  /** A private copy of what the event's master recorded with it. */
  meta(event: Event): CallMeta | null {
    return copyJson(event.meta) as CallMeta | null;
  }

  #find(event: Event): TransactionDefinition {
    const definition = this.#definition.transactions.get(event.tx);
    if (definition === undefined) throw new Error(`No transaction ${event.tx}: an event was accepted that cannot run`);
    return definition;
  }
}

/** A class rather than an object with a function of its own: one is made for every event that runs. */
class EventCall implements Call {
  readonly definition: TransactionDefinition;
  readonly origin: string;
  readonly #event: Event;
  readonly #codec: CallCodec;
  #transaction: RunningTransaction | undefined;

  constructor(event: Event, definition: TransactionDefinition, codec: CallCodec) {
    this.definition = definition;
    this.origin = event.origin ?? event.id;
    this.#event = event;
    this.#codec = codec;
  }

  get transaction(): RunningTransaction {
    const { id, master, meta } = this.#event;
    return (this.#transaction ??= {
      id,
      time: idTime(this.origin),
      master,
      meta: copyJson(meta) as CallMeta | null,
    });
  }

  args(): readonly unknown[] {
    return this.#codec.argsFor(this.definition, this.#event.args, this.#event.txv);
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
