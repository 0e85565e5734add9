/** What the compiler knows of the events of a model, and of errors. `npm run typecheck` proves it. */
import 'reflect-metadata';
import * as prevalent from 'prevalent';
import {
  type ErrorCode,
  type EventFacts,
  Master,
  type MemoryStore,
  type MergedEvent,
  Prevalent,
  PrevalentError,
  Transaction,
} from 'prevalent';

const SYMBOL = Symbol('hidden');

@Prevalent('event-types')
class Ledger {
  readonly lines: string[] = [];
  balance = 0;
  onChange: (() => void) | undefined;
  @Transaction() deposit(amount: number, note?: string): void {
    this.lines.push(`${amount} ${note ?? ''}`);
  }
  @Transaction('take-out') withdraw(amount: number): void {
    this.balance -= amount;
  }
  @Transaction('hidden') [SYMBOL](when: Date): void {
    this.lines.push(when.toISOString());
  }
}

declare const store: MemoryStore;

/** Never called: its body is for the compiler. */
async function events(): Promise<void> {
  const master = await Master.open(Ledger, { name: 'one', store });
  master.on('event', (event) => {
    const name: string = event.transaction;
    const args: readonly unknown[] = event.args;
    if (event.method === 'deposit') {
      const [amount, note]: readonly [amount: number, note?: string | undefined] = event.args;
      expect(amount + (note ?? '').length).toBeDefined();
    }
    if (event.method === 'withdraw') expect(event.args[0].toFixed()).toBeDefined();
    if (event.method === SYMBOL) expect(event.args[0].getTime()).toBeDefined();
    if (event.transaction === 'deposit') expect(event.args[0].toFixed()).toBeDefined();
    // @ts-expect-error -- no method is called so
    if (event.method === 'deposti') return;
    // @ts-expect-error -- nor a transaction
    if (event.transaction === 'deposti') return;
    // @ts-expect-error -- a field is no method
    if (event.method === 'balance') return;
    // @ts-expect-error -- nor one that holds a function
    if (event.method === 'onChange') return;
    // @ts-expect-error -- which one it is has to be asked first
    expect(event.args[0].toFixed()).toBe(name + String(args));
    // @ts-expect-error -- what is told is read-only
    event.seq = 5;
  });
  for await (const event of master.events()) if (event.method === 'withdraw') expect(event.args[0].toFixed()).toBe('');
  for await (const { args, transaction } of master.events({ transaction: 'deposit', after: new Date() })) {
    const amount: number = args[0];
    // @ts-expect-error -- two at most
    expect([amount, args[2], transaction]).toBeDefined();
  }
  for await (const { args } of master.events({ transaction: 'take-out' })) {
    // @ts-expect-error -- a name that is no method's may be of any of them
    const amount: number = args[0];
    expect(amount).toBeDefined();
  }
  const rejected: MergedEvent<Ledger>[] = master.rejections();
  const facts: readonly EventFacts[] = rejected;
  const untyped: readonly MergedEvent[] = rejected;
  const deposits: MergedEvent<Ledger, 'deposit'>[] = rejected.filter((event) => event.method === 'deposit');
  master.on('reissued', ({ event }) => {
    if (event.method === 'deposit') expect(event.args[1]).toBeDefined();
  });
  const general: Master<object> = master;
  general.on('event', ({ transaction, args }) => expect([transaction.length, args.length]).toBeDefined());
  expect([facts, untyped, deposits]).toBeDefined();
}

/** Never called. */
function codes(error: PrevalentError): string {
  switch (error.code) {
    case 'MASTER_LOCKED':
    case 'NOT_DURABLE':
      return error.message;
    // @ts-expect-error -- no error has this code
    case 'NOT_DURABEL':
      return '';
    default: {
      const code: Exclude<ErrorCode, 'MASTER_LOCKED' | 'NOT_DURABLE'> = error.code;
      return code;
    }
  }
}

test('the compiler has seen it', () => {
  expect([typeof events, typeof codes]).toEqual(['function', 'function']);
});

/** The class of each code; a code without one, or a class without a code, does not compile. */
const classOf: { readonly [Code in ErrorCode]: ErrorClassOf<Code> } = {
  DECORATOR_USAGE: prevalent.DecoratorUsageError,
  DUPLICATE_MODEL: prevalent.DuplicateModelError,
  DUPLICATE_TRANSACTION: prevalent.DuplicateTransactionError,
  DUPLICATE_CLASS: prevalent.DuplicateClassError,
  SHARED_STATE: prevalent.SharedStateError,
  UNSTABLE_NAME: prevalent.UnstableNameError,
  NOT_PREVALENT: prevalent.NotPrevalentError,
  ASYNC_TRANSACTION: prevalent.AsyncTransactionError,
  INVALID_OPTION: prevalent.InvalidOptionError,
  WRITE_OUTSIDE_TRANSACTION: prevalent.WriteOutsideTransactionError,
  DETACHED_TRANSACTION: prevalent.DetachedTransactionError,
  TRANSACTION_IN_QUERY: prevalent.TransactionInQueryError,
  FOREIGN_TRANSACTION: prevalent.ForeignTransactionError,
  UNCARRIABLE_ARGUMENT: prevalent.UncarriableArgumentError,
  LIVE_ARGUMENT: prevalent.LiveArgumentError,
  UNKNOWN_CLASS: prevalent.UnknownClassError,
  UNSUPPORTED_STATE: prevalent.UnsupportedStateError,
  MODEL_MISMATCH: prevalent.ModelMismatchError,
  MASTER_LOCKED: prevalent.MasterLockedError,
  MASTER_CLOSED: prevalent.MasterClosedError,
  READ_ONLY_MASTER: prevalent.ReadOnlyMasterError,
  NOT_DURABLE: prevalent.NotDurableError,
  OUTCOME_UNKNOWN: prevalent.OutcomeUnknownError,
  JOURNAL_DAMAGED: prevalent.JournalDamagedError,
  MODEL_OUTDATED: prevalent.ModelOutdatedError,
  SNAPSHOT_DAMAGED: prevalent.SnapshotDamagedError,
  CLOCK_BEHIND: prevalent.ClockBehindError,
  STORE_UNREACHABLE: prevalent.StoreUnreachableError,
  STORE_REFUSED: prevalent.StoreRefusedError,
  STORE_EMPTY: prevalent.StoreEmptyError,
  STORE_BEHIND: prevalent.StoreBehindError,
  MASTER_FENCED: prevalent.MasterFencedError,
  HISTORY_DELETED: prevalent.HistoryDeletedError,
  SEPARATE_HISTORIES: prevalent.SeparateHistoriesError,
  REPLICA_FAILED: prevalent.ReplicaFailedError,
  NON_DETERMINISTIC_TRANSACTION: prevalent.NonDeterministicTransactionError,
};

type Errors = { [Name in keyof typeof prevalent]: Made<(typeof prevalent)[Name]> }[keyof typeof prevalent];
type Made<Class> = Class extends new (message: string) => infer Error
  ? Error extends PrevalentError
    ? { readonly code: Error['code']; readonly type: Class }
    : never
  : never;
type ErrorClassOf<Code extends ErrorCode> = Extract<Errors, { readonly code: Code }>['type'];

test.each(Object.entries(classOf))(
  '%s is the code of one class',
  (code, Class: new (message: string) => PrevalentError) => {
    expect(new Class('').code).toBe(code);
    expect(Object.values(classOf).filter((one) => one === Class)).toHaveLength(1);
  },
);

test('every exported error class has its code in the union', () => {
  const exported = Object.values(prevalent).filter(
    (one) => typeof one === 'function' && one.prototype instanceof PrevalentError,
  );
  expect(new Set<unknown>(Object.values(classOf))).toEqual(new Set<unknown>(exported));
});
