import type { Event } from '../event/event.js';
import { copyOf } from '../state/copy.js';
import type { Executor } from '../state/executor.js';
import type { Patch } from '../state/patch.js';
import { Patcher } from '../state/patcher.js';
import type { UndoLog } from '../state/undo-log.js';
import type { Entry } from '../timeline/entry.js';
import type { RevisionWatch } from '../timeline/timeline.js';
import type { Notifier } from './notifier.js';

/**
 * Writes one change of the state down for those who listen to `state`, and hands it over. What cannot be copied ends no change of the state: the
 * listeners of `error` are told, and no steps are given.
 */
export class StateWatch implements RevisionWatch {
  readonly #executor: Executor;
  readonly #notifier: Notifier;
  readonly #patcher: Patcher;
  readonly #undone: string[] = [];
  readonly #ran: string[] = [];
  #failure: Error | undefined;

  constructor(executor: Executor, notifier: Notifier) {
    this.#executor = executor;
    this.#notifier = notifier;
    this.#patcher = new Patcher(executor.membrane);
  }

  ran({ event, undo }: Entry): void {
    if (undo === undefined) return;
    this.#ran.push(event.id);
    this.#try(() => {
      this.#patcher.ran(undo);
    });
  }

  undoing({ id }: Event, undo: UndoLog, takeBack: () => void): void {
    this.#undone.push(id);
    let state: 'there' | 'taken back' | { readonly error: unknown } = 'there';
    const once = (): void => {
      try {
        takeBack();
        state = 'taken back';
      } catch (error) {
        state = { error };
        throw error;
      }
    };
    this.#try(() => {
      this.#patcher.undoing(undo, once);
    });
    const after = state as 'there' | 'taken back' | { readonly error: unknown };
    if (typeof after === 'object') throw after.error;
    if (after === 'there') takeBack();
  }

  rewound(): void {
    this.#try(() => {
      this.#patcher.rewound();
    });
  }

  /** The change is complete. */
  end(): void {
    this.#handOver(() => this.#patcher.patches);
  }

  /** Another state has taken the place of this one. @param ran ids of the events that ran for it */
  replaced(ran: readonly string[]): void {
    this.#ran.push(...ran);
    this.#handOver(() => [{ kind: 'set', path: [], value: copyOf(this.#executor.raw) }]);
  }

  #handOver(patches: () => readonly Patch[]): void {
    let given: readonly Patch[] = [];
    this.#try(() => {
      given = patches();
    });
    if (this.#failure !== undefined) this.#notifier.tell('error', this.#failure);
    else if (given.length > 0) this.#notifier.hand({ patches: given, undone: this.#undone, ran: this.#ran });
  }

  #try(work: () => void): void {
    if (this.#failure !== undefined) return;
    try {
      work();
    } catch (error) {
      this.#failure = error as Error;
    }
  }
}

/** What a merge is watched by; `undefined` if nobody wants to know. @param added told of each event that is new, right after it ran */
export function mergeWatch(
  added: ((entry: Entry) => void) | undefined,
  state: StateWatch | undefined,
): RevisionWatch | undefined {
  if (added === undefined) return state;
  return {
    ran: (entry, isNew) => {
      if (isNew) added(entry);
      state?.ran(entry);
    },
    undoing: (event, undo, takeBack) => {
      if (state === undefined) takeBack();
      else state.undoing(event, undo, takeBack);
    },
    rewound: () => {
      state?.rewound();
    },
  };
}
