/**
 * What the compiler must accept and refuse: each `@ts-expect-error` says why. `npm run typecheck` proves it; running the file only
 * shows that it loads.
 */
import 'reflect-metadata';
import { Master, MemoryStore, type MergedEvent, Prevalent, Transaction } from 'prevalent';

@Prevalent('typed')
class Counter {
  value = 0;
  @Transaction() add(by: number): number {
    return (this.value += by);
  }
}

class NeedsArguments {
  constructor(readonly given: string) {}
}

/** Never called: its body is for the compiler. */
async function masters(): Promise<void> {
  const store = new MemoryStore();
  const master = await Master.open(Counter, { name: 'one', store });
  const inferred: Master<Counter> = master;
  const model: Counter = master.model;
  const sum: number = model.add(1);
  const queried: number = master.query((counter) => counter.value);
  const done: Promise<number> = master.transact((counter) => counter.add(1));
  const past: Promise<Counter> = master.at(new Date());
  const at: Promise<Counter> = master.at('01HF7YAT00FQ2VRP41VVTGRSXB');
  expect([inferred, sum, queried, done, past, at]).toBeDefined();

  // @ts-expect-error -- the model cannot be replaced
  master.model = model;
  // @ts-expect-error -- an argument of the wrong type
  model.add('1');
  // @ts-expect-error -- the result is a number
  const text: string = await master.transact((counter) => counter.add(1));
  // @ts-expect-error -- there is no such method
  master.query((counter) => counter.subtract(1));
  // @ts-expect-error -- the model is built without arguments
  await Master.open(NeedsArguments, { name: 'one', store });
  // @ts-expect-error -- an instance is no class
  await Master.open(new Counter(), { name: 'one', store });
  // @ts-expect-error -- a name is needed
  await Master.open(Counter, { store });
  // @ts-expect-error -- a store is needed
  await Master.open(Counter, { name: 'one' });
  // @ts-expect-error -- a typing error in the name of an option
  await Master.open(Counter, { name: 'one', store, durabilty: 'always' });
  // @ts-expect-error -- no such durability
  await Master.open(Counter, { name: 'one', store, durability: 'sometimes' });
  // @ts-expect-error -- autoSync is false or an object
  await Master.open(Counter, { name: 'one', store, autoSync: true });
  // @ts-expect-error -- undefined is not the same as left out
  await Master.open(Counter, { name: 'one', store, local: undefined });
  // @ts-expect-error -- no such notification
  master.on('synchronized', () => undefined);
  master.on('event', (event) => {
    const one: MergedEvent = event;
    // @ts-expect-error -- what is told is read-only
    one.seq = 5;
  });
  master.on('held', ({ reason }) => {
    // @ts-expect-error -- reasons are known by name
    return reason === 'boredom';
  });
  // @ts-expect-error -- the constructor is private
  new Master();
  expect(text).toBeDefined();
}

/** Never called. */
function decorators(): void {
  // @ts-expect-error -- a version is a number
  Transaction('a', { version: 'two' });
  // @ts-expect-error -- a typing error in the name of an option
  Transaction('a', { alias: ['b'] });
  // @ts-expect-error -- steps take a list and give a list
  Transaction('a', { version: 2, upcast: { 1: () => 5 } });
  // @ts-expect-error -- the running transaction is not ours to set
  Transaction.current = undefined;
  // @ts-expect-error -- it is undefined outside of a transaction
  expect(Transaction.current.id).toBeDefined();

  // @ts-expect-error -- a model is built without arguments
  @Prevalent('needs-arguments')
  class Needing {
    constructor(readonly given: string) {}
  }
  class Fields {
    // @ts-expect-error -- a field is no method
    @Transaction() value = 1;
    // @ts-expect-error -- the parentheses are missing
    @Transaction add(): void {}
    // The compiler cannot tell that a method is asynchronous from its type alone; decorating it throws ASYNC_TRANSACTION.
    @Transaction() async later(): Promise<void> {}
    @Transaction() generic<T>(one: T, ...more: T[]): T[] {
      return [one, ...more];
    }
    @Transaction() private hidden(this: Fields): void {}
    use(): void {
      this.hidden();
    }
  }
  // @ts-expect-error -- the parentheses are missing
  @Prevalent
  class Bare {}
  expect([Needing, Fields, Bare]).toBeDefined();
}

test('the types above are checked by the compiler', () => {
  expect([typeof masters, typeof decorators]).toEqual(['function', 'function']);
});
