import { Prevalent, Transaction } from 'prevalent';
import { WriteOutsideTransactionError } from '../../../src/errors.js';
import { Managed } from './managed.js';

class Todo {
  constructor(
    public title: string,
    public done = false,
  ) {}
}

class Line {
  constructor(readonly todo: Todo) {
    Object.freeze(this);
  }
}

@Prevalent('state-identity', { classes: [Todo, Line] })
class List {
  map = new Map<unknown, Todo>();
  list: unknown[] = [];
  set = new Set<unknown>();
  byObject = new Map<object, number>();
  current: Todo | undefined;
  bytes = new Uint8Array(4);

  @Transaction() add(title: string): Todo {
    const todo = new Todo(title);
    this.map.set(title, todo);
    return todo;
  }
  @Transaction() addTwo(): Todo[] {
    return [this.add('one'), this.add('two')];
  }
}

describe('inside a transaction', () => {
  test('what was stored reads back as itself', () => {
    new Managed(List).transact((model) => {
      const todo = new Todo('a');
      model.map.set('a', todo);
      model.list.push(todo);
      model.set.add(todo);
      model.byObject.set(todo, 1);
      model.current = todo;
      expect(model.map.get('a')).toBe(todo);
      expect(model.list[0]).toBe(todo);
      expect(model.list.indexOf(todo)).toBe(0);
      expect(model.list.includes(todo)).toBe(true);
      expect(model.list.lastIndexOf(todo)).toBe(0);
      expect(model.set.has(todo)).toBe(true);
      expect([...model.set][0]).toBe(todo);
      expect(model.byObject.get(todo)).toBe(1);
      expect([...model.map.values()][0]).toBe(todo);
      expect(model.current === todo).toBe(true);
    });
  });

  test('what was stored before is the same wherever it is read', () => {
    const managed = new Managed(List);
    managed.transact((model) => {
      const todo = model.add('a');
      model.list.push(todo, todo);
      model.set.add(todo);
    });
    managed.transact((model) => {
      const todo = model.map.get('a')!;
      expect(model.list[0] === todo && model.list[1] === todo && model.set.has(todo)).toBe(true);
      expect(model.list.indexOf(todo)).toBe(0);
      model.current = todo;
      expect(model.current).toBe(todo);
    });
    const { raw } = managed;
    expect(raw.current).toBe(raw.map.get('a'));
    expect(managed.model.current).toBe(managed.model.map.get('a'));
  });

  test('an object read from the model can be stored in a new one', () => {
    const managed = new Managed(List);
    managed.transact((model) => void model.add('a'));
    managed.transact((model) => {
      const todo = model.map.get('a')!;
      model.list.push({ deep: { todo, all: [todo], map: new Map([[todo, todo]]), set: new Set([1, todo]) } });
    });
    const todo = managed.raw.map.get('a')!;
    const { deep } = managed.raw.list[0] as any;
    expect(deep.todo).toBe(todo);
    expect(deep.all[0]).toBe(todo);
    expect([...deep.map][0]).toEqual([todo, todo]);
    expect([...deep.map.keys()][0]).toBe(todo);
    expect([...deep.set]).toEqual([1, todo]);
    expect([...deep.set][1]).toBe(todo);
  });

  test('a transaction called from another is part of it', () => {
    const managed = new Managed(List);
    expect(managed.model.addTwo().map(({ title }) => title)).toEqual(['one', 'two']);
    expect(() =>
      managed.transact((model) => {
        model.addTwo();
        throw new Error('after');
      }),
    ).toThrow('after');
    expect(managed.raw.map.size).toBe(2);
  });
});

describe('results', () => {
  test('are guarded when they are part of the state', () => {
    const { model, raw } = new Managed(List);
    const todo = model.add('a');
    expect(() => (todo.title = 'b')).toThrow(WriteOutsideTransactionError);
    expect(raw.map.get('a')!.title).toBe('a');
    expect(todo).toBe(model.map.get('a'));
  });

  test.each<[string, (todo: Todo) => unknown, (result: any) => Todo]>([
    ['an object', (todo) => ({ deep: { todo } }), (result) => result.deep.todo],
    ['an array', (todo) => [todo], (result) => result[0]],
    ['a Map', (todo) => new Map([[todo, todo]]), (result) => [...result.keys()][0]],
    ['a Set', (todo) => new Set([todo]), (result) => [...result][0]],
    ['a frozen object', (todo) => Object.freeze({ todo }), (result) => result.todo],
    ['nested frozen objects', (todo) => Object.freeze([Object.freeze({ todo })]), (result) => result[0].todo],
    ['an instance', (todo) => new Line(todo), (result) => result.todo],
  ])('are guarded inside %s that is not', (_, pack, unpack) => {
    const managed = new Managed(List);
    const result = managed.transact((model) => pack(model.add('a')));
    const todo = unpack(result);
    expect(todo).toBe(managed.model.map.get('a'));
    expect(() => (todo.done = true)).toThrow(WriteOutsideTransactionError);
  });

  test('that are not part of the state are the caller’s own', () => {
    const managed = new Managed(List);
    const result = managed.transact((model) => {
      model.add('a');
      return { mine: [1] };
    });
    result.mine.push(2);
    expect(result).toEqual({ mine: [1, 2] });
  });

  test('share no bytes with the state', () => {
    const managed = new Managed(List);
    const [buffer, other] = managed.transact((model) => {
      const bytes = new Uint8Array([1, 2]);
      model.bytes = bytes;
      return [bytes.buffer, new Uint8Array(bytes.buffer)] as const;
    });
    new Uint8Array(buffer).fill(9);
    expect(() => other.fill(9)).toThrow(WriteOutsideTransactionError);
    expect([...managed.raw.bytes]).toEqual([1, 2]);
  });
});

test('the guarded model stays the same object when the state is replaced', () => {
  const managed = new Managed(List);
  const { model, executor } = managed;
  model.add('a');
  executor.replace(executor.genesis());
  expect(managed.model).toBe(model);
  expect(model.map.size).toBe(0);
  model.add('b');
  expect([...managed.raw.map.keys()]).toEqual(['b']);
});
