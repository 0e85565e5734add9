import { isDeepStrictEqual } from 'node:util';
import { Prevalent } from 'prevalent';
import { UnsupportedStateError, WriteOutsideTransactionError } from '../../../src/errors.js';
import { Managed } from './managed.js';

const TIME = Date.UTC(2024, 1, 29, 12, 30, 15, 678);

@Prevalent('state-dates')
class Model {
  due = new Date(TIME);
  all: Date[] = [new Date(0)];
}

describe('a Date read from the model', () => {
  const { model } = new Managed(Model);

  test('is a Date to the constructor, milliseconds included', () => expect(new Date(model.due).getTime()).toBe(TIME));
  test('is a Date to structuredClone', () => expect(structuredClone(model.due)).toEqual(new Date(TIME)));
  test('is a Date to Intl', () => {
    const format = new Intl.DateTimeFormat('en-GB', { timeZone: 'UTC', dateStyle: 'short' });
    expect(format.format(model.due)).toBe('29/02/2024');
  });
  test('is a Date to JSON', () => expect(JSON.stringify(model.due)).toBe('"2024-02-29T12:30:15.678Z"'));
  test('compares and calculates', () => {
    expect(model.due > model.all[0]!).toBe(true);
    expect(Number(model.due) - 1).toBe(TIME - 1);
    expect(model.due.toISOString()).toContain('2024');
  });
  test('is an instance of Date and the same each time', () => {
    expect(model.due).toBeInstanceOf(Date);
    expect(model.due.constructor).toBe(Date);
    expect(model.due).toBe(model.due);
    expect(Object.prototype.toString.call(model.due)).toBe('[object Date]');
  });
  test('has setters that are guarded', () => {
    for (const name of Object.getOwnPropertyNames(Date.prototype).filter((one) => one.startsWith('set'))) {
      expect(() => (model.due as any)[name](1)).toThrow(WriteOutsideTransactionError);
    }
    expect(model.due.getTime()).toBe(TIME);
  });
});

test('a stored Date that is set shows its new time to whoever holds it, also after undo', () => {
  const managed = new Managed(Model);
  const held = managed.model.due;
  const { undo } = managed.apply((model) => model.due.setTime(5));
  expect([held.getTime(), managed.raw.due.getTime()]).toEqual([5, 5]);
  managed.undo(undo);
  expect([held.getTime(), managed.raw.due.getTime()]).toEqual([TIME, TIME]);
  expect(() =>
    managed.transact((model) => {
      model.due.setTime(NaN);
      throw new Error('no');
    }),
  ).toThrow('no');
  expect(held.getTime()).toBe(TIME);
});

test('a Date moved inside the model stays one Date', () => {
  const managed = new Managed(Model);
  managed.transact((model) => model.all.push(model.due));
  managed.transact((model) => model.all[1]!.setTime(7));
  expect(managed.model.due.getTime()).toBe(7);
  expect(managed.raw.all[1]).toBe(managed.raw.due);
});

describe('what a Date is behind its guard', () => {
  const bare = new Date(TIME);
  const LOOKS: [what: string, look: (date: Date) => unknown][] = [
    ['isFrozen', (date) => Object.isFrozen(date)],
    ['isSealed', (date) => Object.isSealed(date)],
    ['isExtensible', (date) => Object.isExtensible(date)],
    ['getPrototypeOf', (date) => Object.getPrototypeOf(date) === Date.prototype],
    ['ownKeys', (date) => Reflect.ownKeys(date)],
    ['a method', (date) => date.setTime === Date.prototype.setTime],
    ['isDeepStrictEqual', (date) => isDeepStrictEqual(date, new Date(TIME))],
    ['a field that goes again', (date) => ((date as any).tag = 1) + Number(delete (date as any).tag)],
  ];
  test.each(LOOKS)('%s', (_, look) => {
    const managed = new Managed(Model);
    expect(look(managed.model.due)).toEqual(look(bare));
    expect(managed.transact((m) => look(m.due))).toEqual(look(bare));
  });
});

describe('a setter taken from the prototype', () => {
  const names = Object.getOwnPropertyNames(Date.prototype).filter((one) => one.startsWith('set')) as 'setTime'[];

  test.each(names)('%s is recorded in a transaction and refused outside', (name) => {
    const managed = new Managed(Model);
    const set = (m: Model): number => Date.prototype[name].call(m.due, 5);
    expect(() => set(managed.model)).toThrow(WriteOutsideTransactionError);
    const bare = new Date(TIME);
    const { result, undo } = managed.apply(set);
    expect(result).toBe(Date.prototype[name].call(bare, 5));
    expect([managed.raw.due.getTime(), managed.model.due.getTime()]).toEqual([bare.getTime(), bare.getTime()]);
    managed.undo(undo);
    expect([managed.raw.due.getTime(), managed.model.due.getTime()]).toEqual([TIME, TIME]);
  });

  test('works on other Dates as ever', () => {
    expect(Date.prototype.setTime.call(new Date(0), 5)).toBe(5);
    expect(() => Date.prototype.setTime.call({} as Date, 5)).toThrow(TypeError);
    expect([Date.prototype.setHours.name, Date.prototype.setHours.length]).toEqual(['setHours', 4]);
    expect(Object.keys(Date.prototype)).toEqual([]);
  });

  test('may be given what sets the same Date when it is asked', () => {
    const managed = new Managed(Model);
    const run = (date: Date): number => {
      const nested = { valueOf: () => (date.setTime(0), 7) };
      return date.setMilliseconds(nested as never);
    };
    const bare = new Date(TIME);
    const { result, undo } = managed.apply((m) => run(m.due));
    expect([result, managed.raw.due.getTime()]).toEqual([run(bare), bare.getTime()]);
    managed.undo(undo);
    expect(managed.raw.due.getTime()).toBe(TIME);
  });
});

describe('what a stored Date cannot keep', () => {
  const SPOILT: [what: string, body: (date: Date) => unknown][] = [
    ['a field', (date) => ((date as any).tag = 1)],
    ['a symbol', (date) => ((date as any)[Symbol.for('tag')] = 1)],
    ['another prototype', (date) => Object.setPrototypeOf(date, null)],
    ['a fixed shape', (date) => Object.freeze(date)],
  ];
  test.each(SPOILT)('%s is refused when the transaction ends, and gone', (_, body) => {
    const managed = new Managed(Model);
    expect(() => managed.transact((m) => body(m.due))).toThrow(UnsupportedStateError);
    expect([Reflect.ownKeys(managed.model.due), Object.isFrozen(managed.model.due)]).toEqual([[], false]);
    expect(() =>
      managed.transact((m) => {
        body(m.due);
        throw new Error('no');
      }),
    ).toThrow('no');
    expect(managed.model.due.getTime()).toBe(TIME);
  });

  test.each(SPOILT)('%s outside a transaction is reported at the next look, and gone', (_, body) => {
    const managed = new Managed(Model);
    body(managed.model.due);
    expect(() => managed.model.due).toThrow(WriteOutsideTransactionError);
    expect([Reflect.ownKeys(managed.model.due), managed.model.due.getTime()]).toEqual([[], TIME]);
  });
});
