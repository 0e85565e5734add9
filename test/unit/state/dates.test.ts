import { Prevalent } from 'prevalent';
import { WriteOutsideTransactionError } from '../../../src/errors.js';
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
