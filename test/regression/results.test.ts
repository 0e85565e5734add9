import { Master, MemoryStore, Prevalent, Transaction } from '../../src/index.js';

const HIDING = ['private field', 'getter', 'class of the method', 'prototype'] as const;
type Hiding = (typeof HIDING)[number];

interface Todo {
  done: boolean;
}

class Handle {
  readonly #todo: Todo;
  constructor(todo: Todo) {
    this.#todo = todo;
  }
  get todo(): Todo {
    return this.#todo;
  }
}

class Summary {
  constructor(readonly first: Todo) {}
  get done(): boolean {
    return this.first.done;
  }
}

@Prevalent('results', { classes: [Summary] })
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
  @Transaction() nested(
    how: 'closures' | 'field' | 'iterators' | 'weak' | 'own next' | 'array iterator' | Hiding,
  ): unknown {
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
      case 'private field':
        return new Handle(todo);
      case 'getter':
        return {
          get entry() {
            return { todo };
          },
        };
      case 'class of the method':
        return new (class {
          get todo() {
            return todo;
          }
        })();
      case 'prototype':
        return Object.create({ todo }) as object;
    }
  }
  @Transaction() summary(): { error: Error; summary: Summary; buffer: ArrayBuffer; bytes: Uint8Array } {
    const todo = { done: false };
    this.todos.set('a', todo);
    const error = Object.assign(new Error('seen'), { todo });
    return { error, summary: new Summary(todo), buffer: new ArrayBuffer(1), bytes: new Uint8Array(1) };
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

test.each(['closures', 'field', 'iterators', 'weak', 'own next', 'array iterator', ...HIDING] as const)(
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

test('an error, an instance of a class of the model and bytes show new objects guarded', async () => {
  const master = await Master.open(Todos, { name: 'a', store: new MemoryStore() });
  const { error, summary } = master.model.summary();
  const held = master.model.todos.get('a');
  expect([summary.first === held, (error as Error & { todo: Todo }).todo === held, summary.done]).toEqual([
    true,
    true,
    false,
  ]);
  await master.close();
});
