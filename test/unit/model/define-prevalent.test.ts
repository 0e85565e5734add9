import { definePrevalent, Master, MemoryStore, Prevalent, Transaction } from 'prevalent';

class Money {
  constructor(readonly cents: number) {}
}

class Base {
  readonly log: string[] = [];
  note(text: string): void {
    this.log.push(text);
  }
}

class Till extends Base {
  readonly taken: Money[] = [];
  take(cents: number): number {
    if (cents <= 0) throw new RangeError('nothing was paid');
    this.taken.push(new Money(cents));
    return this.taken.length;
  }
  total(): number {
    return this.taken.reduce((sum, { cents }) => sum + cents, 0);
  }
}

definePrevalent(Till, { name: 'defined-till', transactions: ['take', 'note'], classes: { money: Money } });

/** The same with decorators, as another program would have it. */
@Prevalent('defined-till', { classes: { money: Money } })
class Decorated {
  readonly log: string[] = [];
  readonly taken: Money[] = [];
  @Transaction() note(text: string): void {
    this.log.push(text);
  }
  @Transaction() take(cents: number): number {
    if (cents <= 0) throw new RangeError('nothing was paid');
    return this.taken.push(new Money(cents));
  }
}

test('its calls are recorded, atomic, and replayed, also by a program that uses decorators', async () => {
  const store = new MemoryStore();
  const till = await Master.open(Till, { name: 'one', store, check: 'replay' });
  expect(till.model.take(5)).toBe(1);
  till.model.note('inherited');
  expect(() => till.model.take(0)).toThrow('nothing was paid');
  expect(() => (till.model.taken as Money[]).push(new Money(1))).toThrow(
    expect.objectContaining({ code: 'WRITE_OUTSIDE_TRANSACTION' }),
  );
  await till.sync();
  await till.close();
  const other = await Master.open(Decorated, { name: 'two', store });
  expect(other.query(({ taken, log }) => [taken.map(({ cents }) => cents), [...log]])).toEqual([[5], ['inherited']]);
  other.model.take(7);
  await other.sync();
  await other.close();
  const again = await Master.open(Till, { name: 'one', store });
  await again.sync();
  expect(again.query((model) => model.total())).toBe(12);
  expect(again.query(({ taken }) => taken[1])).toBeInstanceOf(Money);
  await again.close();
});

test('without a master it is an ordinary class, and what it extends stays one', () => {
  expect(new Till().take(3)).toBe(1);
  expect(Object.getOwnPropertyNames(Till.prototype)).toContain('note');
  expect(Base.prototype.note).not.toBe(Till.prototype.note);
});

test('options of each transaction', async () => {
  class Counter {
    value = 0;
    increase(by: number): void {
      this.value += by;
    }
    reset(): void {
      this.value = 0;
    }
  }
  const given = definePrevalent(Counter, {
    name: 'defined-counter',
    transactions: { increase: { name: 'add', aliases: ['plus'], version: 2, upcast: { 1: () => [1] } }, reset: {} },
  });
  expect(given).toBe(Counter);
  const master = await Master.open(Counter, { name: 'one', store: new MemoryStore() });
  master.model.increase(2);
  const events = [];
  for await (const { transaction } of master.events()) events.push(transaction);
  expect(events).toEqual(['add']);
  await master.close();
});

describe('refused', () => {
  const made = (): new () => { add(): void } =>
    class Made {
      field = 1;
      add(): void {
        // A method.
      }
      get size(): number {
        return 1;
      }
      async later(): Promise<void> {
        await Promise.resolve();
      }
      static make(): void {
        // No method of an instance.
      }
    };
  const untyped = definePrevalent as (model: unknown, options: unknown) => unknown;

  test.each<[string, unknown, unknown, string, RegExp]>([
    ['a name that is no method', made(), { name: 'a', transactions: ['ad'] }, 'DECORATOR_USAGE', /no method "ad"/],
    ['a field', made(), { name: 'a', transactions: ['field'] }, 'DECORATOR_USAGE', /no method "field"/],
    ['a static method', made(), { name: 'a', transactions: ['make'] }, 'DECORATOR_USAGE', /no method "make"/],
    ['an accessor', made(), { name: 'a', transactions: ['size'] }, 'DECORATOR_USAGE', /size; it marks methods/],
    ['an async method', made(), { name: 'a', transactions: ['later'] }, 'ASYNC_TRANSACTION', /AsyncFunction/],
    ['what all objects have', made(), { name: 'a', transactions: ['toString'] }, 'DECORATOR_USAGE', /no method/],
    ['no transactions', made(), { name: 'a' }, 'DECORATOR_USAGE', /must be a list of method names/],
    ['null as transactions', made(), { name: 'a', transactions: null }, 'DECORATOR_USAGE', /must be a list of method/],
    ['no options', made(), undefined, 'DECORATOR_USAGE', /needs options for Made: \{ name, transactions \}/],
    ['a bad name', made(), { name: 'a b', transactions: [] }, 'DECORATOR_USAGE', /cannot name a model/],
    ['an object', new (made())(), { name: 'a', transactions: [] }, 'DECORATOR_USAGE', /needs a class, not object/],
    ['a model', Till, { name: 'a', transactions: [] }, 'DECORATOR_USAGE', /a model already, named "defined-till"/],
    ['one name twice', made(), { name: 'a', transactions: ['add', 'add'] }, 'DECORATOR_USAGE', /"add" twice/],
  ])('%s', (_, model, options, code, message) => {
    expect(() => untyped(model, options)).toThrow(
      expect.objectContaining({ code, message: expect.stringMatching(message) }),
    );
  });
});
