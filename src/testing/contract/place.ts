import type { StreamId } from '../../event/event.js';
import type { FailureKind, Journal, Store } from '../../store/store.js';

/** Makes the storage of a place fail. */
export interface Faults {
  /** How many calls were made to the storage since the last `fail` or `heal`. */
  count(): number;
  /** Makes the call number `at`, counted from 0, fail in this way; others succeed. */
  fail(at: number, kind: FailureKind): void;
  /** Nothing fails any more. */
  heal(): void;
}

/**
 * A place where stores can be opened many times on the same data. A member that is optional here is needed if the store's capabilities name it;
 * the test of a place without it fails.
 */
export interface StorePlace {
  /** A store on the data, as another start of the same or another process would make it. */
  open(): Store;
  /** As if the process that holds `journal` were killed: no close, its lock is gone. */
  kill(journal: Journal): Promise<void>;
  /** As if the process that holds `journal` were suspended for so long that its name may be taken over (`fences`). */
  suspend?(journal: Journal): Promise<void>;
  /** Makes a stream unreadable for everybody (`troubles`). Returns a function that ends that. */
  spoil?(stream: StreamId): Promise<() => Promise<void>>;
  /** As if a byte in the middle of a stream's first event had changed (`checks`). */
  damage?(stream: StreamId): Promise<void>;
  /** Removes a stream whose journal is open, as somebody else might (`putsBack`). */
  remove?(stream: StreamId): Promise<void>;
  /** Makes a call to the storage fail, in each way that `failures` names. */
  readonly faults?: Faults;
}

/** What a place does where the capabilities of its stores say that it can be done. @throws Error if the place has nothing for it */
export function asked<Means>(means: Means | undefined, capability: string): Means {
  if (means === undefined)
    throw new Error(`the capabilities name \`${capability}\`, and the place has no means to check it`);
  return means;
}

/** The part of a test runner that the suite needs; Jest's, Vitest's and Node's `test` all fit. */
export type TestFunction = (name: string, run: () => Promise<void>) => unknown;

/** Adds one point of the contract; `make` gives further places, each empty. */
export type Check = (name: string, run: (place: StorePlace, make: () => Promise<StorePlace>) => Promise<void>) => void;
