/** What every JavaScript engine runs: masters, models and stores that need no modules of a platform. */
export * from './errors.js';
export { Master } from './master.js';
export type { Acting, ActingOn, TransactOptions } from './replica/acting.js';
export type * from './model/call-meta.js';
export type { DeepReadonly, ModelReader, OpaqueTypes, Reading } from './model/deep-readonly.js';
export type { MethodArgs, MethodKey, MethodName } from './model/methods.js';
export { Prevalent, type PrevalentOptions } from './model/prevalent.js';
export { Derived, type DerivedDecorator } from './model/derived.js';
export { definePrevalent, type ModelOptions } from './model/define-prevalent.js';
export { Transaction, type TransactionOptions } from './model/transaction.js';
export type { RunningTransaction } from './model/registry.js';
export type { PlainData, ValueCodec } from './model/values.js';
export type { AnyClass, Migrate, ModelClass, StateClass, Upcast } from './model/definition.js';
export { isUlid, ulidTime } from './event/ulid.js';
export { UlidClock, type ClockSource } from './event/ulid-clock.js';
export type { MasterOptions } from './sync/options.js';
export type { EventFilter } from './sync/history.js';
export type { Hold, HoldReason } from './protocol/hold.js';
export type { CompactOptions } from './protocol/facts.js';
export type { CompactReport } from './sync/compactor.js';
export type { Status } from './sync/status.js';
export type {
  Divergence,
  EventCalled,
  EventFacts,
  MergedEvent,
  Notifications,
  Outcome,
  Reissued,
  RenamedTransaction,
  StateChange,
  SyncReport,
} from './replica/notifier.js';
export type { Durability } from './store/group-commit.js';
export { decodeFrontier, type Frontier, type Seal } from './store/frontier.js';
export { headerOf, restOf } from './store/opening.js';
export type { Carried, JournalFound, Opening, OpeningFacts, Rest, Session, StreamFound } from './store/opening.js';
export type {
  Capabilities,
  FailureKind,
  Head,
  Journal,
  JournalRequest,
  Keeper,
  Now,
  Recalled,
  Remembered,
  SnapshotListing,
  Store,
  StoreListener,
  StreamListing,
} from './store/store.js';
export { copyOf } from './state/copy.js';
export type { Change } from './state/change.js';
export { applyPatches, type Patch } from './state/patch.js';
export { MemoryStore } from './store/memory/memory-store.js';
export type { StreamHeader, StreamId } from './event/event.js';
