import { Master, MemoryStore, Prevalent, Transaction } from '../../src/index.js';

interface Todo {
  done: boolean;
}

@Prevalent('results')
class Todos {
  todos = new Map<string, Todo>();
  @Transaction() iterate(): IterableIterator<Todo> {
    this.todos.set('a', { done: false });
    return this.todos.values();
  }
  @Transaction() iterateFresh(): IterableIterator<Todo> {
    const todos = new Map([['a', { done: false }]]);
    this.todos = todos;
    return todos.values();
  }
  @Transaction() generate(): Generator<Todo> {
    const todo = { done: false };
    this.todos.set('a', todo);
    return (function* () {
      yield todo;
    })();
  }
  @Transaction() close(): () => Todo {
    const todo = { done: false };
    this.todos.set('a', todo);
    return () => todo;
  }
  @Transaction() nested(how: 'closures' | 'field' | 'iterators' | 'weak' | 'own next' | 'array iterator'): unknown {
    const todo = { done: false };
    this.todos.set('a', todo);
    switch (how) {
      case 'closures':
        return [() => todo];
      case 'field':
        return { get: () => todo };
      case 'iterators':
        return { list: [[todo].values()] };
      case 'weak':
        return [new WeakRef(todo)];
      case 'own next':
        return { next: () => ({ done: false, value: todo }) };
      case 'array iterator':
        return [todo].values();
    }
  }
  @Transaction() list(): Todo[] {
    const todo = { done: false };
    this.todos.set('a', todo);
    return [todo];
  }
  @Transaction() keys(): IterableIterator<string> {
    return this.todos.keys();
  }
}

test.each(['iterateFresh', 'generate', 'close'] as const)(
  '%s(): a function or a native iterator, which would hand out new objects unguarded, is refused and undone',
  async (name) => {
    const master = await Master.open(Todos, { name: 'a', store: new MemoryStore() });
    expect(() => master.model[name]()).toThrow(expect.objectContaining({ code: 'UNSUPPORTED_STATE' }));
    expect(master.query(({ todos }) => todos.size)).toBe(0);
    await master.close();
  },
);

test.each(['closures', 'field', 'iterators', 'weak', 'own next', 'array iterator'] as const)(
  'what hides in a result is refused as well: %s',
  async (how) => {
    const master = await Master.open(Todos, { name: 'a', store: new MemoryStore() });
    expect(() => master.model.nested(how)).toThrow(expect.objectContaining({ code: 'UNSUPPORTED_STATE' }));
    expect(master.query(({ todos }) => todos.size)).toBe(0);
    await master.close();
  },
);

test('an iterator over the guarded collection yields guards', async () => {
  const master = await Master.open(Todos, { name: 'a', store: new MemoryStore() });
  for (const todo of master.model.iterate())
    expect(() => {
      todo.done = true;
    }).toThrow(expect.objectContaining({ code: 'WRITE_OUTSIDE_TRANSACTION' }));
  expect(master.query(({ todos }) => [...todos])).toEqual([['a', { done: false }]]);
  await master.close();
});

test('a list of new objects is guarded', async () => {
  const master = await Master.open(Todos, { name: 'a', store: new MemoryStore() });
  const [todo] = master.model.list();
  expect(() => {
    todo!.done = true;
  }).toThrow(expect.objectContaining({ code: 'WRITE_OUTSIDE_TRANSACTION' }));
  expect([...master.model.keys()]).toEqual(['a']);
  await master.close();
});
