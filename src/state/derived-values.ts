import type { Compute, Deriver } from '../model/definition.js';

/** What derived fields are computed from. */
export interface DerivedFrom {
  /** Whether a transaction runs right now. */
  readonly running: boolean;
  /** The raw root. */
  readonly raw: object;
  readonly membrane: { wrap(value: unknown): unknown };
}

/**
 * The derived fields of one model. Each is computed from the raw state when it is first read after a change. In a transaction it is computed
 * at each read, from what the transaction has made of the state: every run of the call reads the same then, wherever it runs.
 */
export class DerivedValues implements Deriver {
  readonly #from: DerivedFrom;
  readonly #known = new Map<string | symbol, { readonly compute: Compute; readonly value: unknown }>();

  constructor(from: DerivedFrom) {
    this.#from = from;
  }

  /** The state changes: what was computed is of before. */
  forget(): void {
    if (this.#known.size > 0) this.#known.clear();
  }

  derive(self: object, field: string | symbol, compute: Compute): unknown {
    if (this.#from.running) return compute.call(self);
    const { raw } = this.#from;
    let known = this.#known.get(field);
    // One that a subclass overrides is another one.
    if (known?.compute !== compute) {
      known = { compute, value: compute.call(raw) };
      this.#known.set(field, known);
    }
    return self === raw ? known.value : this.#from.membrane.wrap(known.value);
  }
}
