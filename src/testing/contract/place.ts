import type { StreamId } from '../../event/event.js';
import type { Journal, Store } from '../../store/store.js';

/** How a call to the storage fails: lost before it has an effect; without an answer after it; refused for good. */
export type FaultKind = 'lost' | 'unanswered' | 'refused';

/** Makes the storage of a place fail. */
export interface Faults {
  /** Which failures the place can make; none for a storage that cannot fail. */
  readonly kinds: readonly FaultKind[];
  /** How many calls were made to the storage since the last `fail` or `heal`. */
  count(): number;
  /** Lets the call number `at`, counted from 0, fail in this way; others succeed. */
  fail(at: number, kind: FaultKind): void;
  /** Nothing fails any more. */
  heal(): void;
}

/** A place where stores can be made again and again on the same data. */
export interface StorePlace {
  /** A store on the data, as another start of the same or another process would make it. */
  open(): Store;
  /** As if the process that holds `journal` were killed: no close, its lock is gone. */
  kill(journal: Journal): Promise<void>;
  /** As if the process that holds `journal` slept for so long that its name may be taken over. Asked only of stores that fence. */
  suspend?(journal: Journal): Promise<void>;
  /**
   * As if what is there of a stream could not be read, whoever tries; gives what ends it. Asked only of stores whose capabilities
   * name `troubles`.
   */
  spoil?(stream: StreamId): Promise<() => Promise<void>>;
  /** As if a byte in the middle of a stream's first event had changed; left out for a storage that nothing damages. */
  damage?(stream: StreamId): Promise<void>;
  /** As if somebody had removed what is there of a stream, and its journal were open. Asked only of stores whose capabilities name `putsBack`. */
  remove?(stream: StreamId): Promise<void>;
  readonly faults: Faults;
}

/** For places whose storage does not fail. */
export const FAULTLESS: Faults = { kinds: [], count: () => 0, fail: () => undefined, heal: () => undefined };

/** The part of a test runner that the suite needs; Jest's, Vitest's and Node's `test` all fit. */
export type TestFunction = (name: string, run: () => Promise<void>) => unknown;

/** Adds one point of the contract; `make` gives further places, each empty. */
export type Check = (name: string, run: (place: StorePlace, make: () => Promise<StorePlace>) => Promise<void>) => void;
