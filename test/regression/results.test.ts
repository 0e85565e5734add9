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
      (todo as { done: boolean }).done = true;
    }).toThrow(expect.objectContaining({ code: 'WRITE_OUTSIDE_TRANSACTION' }));
  expect(master.query(({ todos }) => [...todos])).toEqual([['a', { done: false }]]);
  await master.close();
});

test('a list of new objects is guarded', async () => {
  const master = await Master.open(Todos, { name: 'a', store: new MemoryStore() });
  const [todo] = master.model.list();
  expect(() => {
    (todo as { done: boolean }).done = true;
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

describe("a Proxy of the model's own hides nothing", () => {
  const guardless = (todo: object): ProxyHandler<object> => ({
    get: (target, key) => (key === 'later' ? todo : Reflect.get(target, key)),
  });
  /** As reactive state does it: what is read through it is a Proxy as well. */
  const reactive = (target: object): object =>
    new Proxy(target, {
      get(raw, key) {
        const value: unknown = Reflect.get(raw, key);
        return typeof value === 'object' && value !== null ? reactive(value) : value;
      },
    });
  const moody = (todo: object): object => {
    let reads = 0;
    const target = { held: {} as object };
    return new Proxy(target, {
      get: (_, key) => (key === 'held' && reads++ > 0 ? todo : Reflect.get(target, key)),
      getOwnPropertyDescriptor: (_, key) => {
        const field = Reflect.getOwnPropertyDescriptor(target, key);
        return field === undefined || reads++ === 0 ? field : { ...field, value: todo };
      },
    });
  };
  const ways: [string, (todo: Todo) => unknown][] = [
    ['as it is', (todo) => new Proxy({ todo }, {})],
    ['with a field that it does not tell of', (todo) => new Proxy({ todo }, guardless(todo))],
    ['reactive', (todo) => reactive({ todo })],
    ['reactive, deep in a list', (todo) => [{ list: [reactive({ todo })] }]],
    ['a reactive list', (todo) => reactive([todo])],
    ['a reactive view of the object itself', (todo) => reactive(todo)],
    ['of another answer each time', (todo) => moody(todo)],
    ['in a Map and a Set', (todo) => [new Map([[reactive({ todo }), reactive(todo)]]), new Set([reactive([todo])])]],
    ['in an instance', (todo) => new Summary(reactive(todo) as Todo)],
    ['in an error', (todo) => Object.assign(new Error('seen'), { todo: reactive(todo) })],
    ['in a frozen object', (todo) => Object.freeze({ todo: reactive(todo) })],
  ];
  let way: (todo: Todo) => unknown;

  @Prevalent('results-by-proxy', { classes: [Summary] })
  class Store {
    todos: Todo[] = [];
    @Transaction() make(): unknown {
      const todo: Todo = { done: false };
      this.todos.push(todo);
      return way(todo);
    }
  }

  /** Everything that can be reached from a result, whatever it takes. */
  function* reach(value: unknown, depth = 6): Generator<object> {
    if (typeof value !== 'object' || value === null || depth === 0) return;
    yield value;
    const parts: unknown[] =
      value instanceof Map || value instanceof Set ? [...value].flat() : [(value as { later?: unknown }).later];
    for (const key of Reflect.ownKeys(value)) parts.push(Reflect.get(value, key));
    for (const part of parts) yield* reach(part, depth - 1);
  }

  test.each(ways)('%s', async (_what, make) => {
    way = make;
    const master = await Master.open(Store, { name: 'a', store: new MemoryStore() });
    const result = master.model.make();
    for (let i = 0; i < 3; i++)
      for (const object of reach(result)) {
        try {
          (object as Todo).done = true;
          if (object instanceof Array) object[0] = 1;
        } catch (error) {
          expect((error as { code?: string }).code ?? (error as Error).name).toMatch(
            /WRITE_OUTSIDE_TRANSACTION|TypeError/,
          );
        }
      }
    expect(master.query(({ todos }) => todos)).toEqual([{ done: false }]);
    await master.close();
  });

  test.each<[string, () => object]>([
    ['a Map', () => new Map()],
    ['a Set', () => new Set()],
    ['a Date', () => new Date()],
    ['an expression', () => /a/],
    ['bytes', () => new Uint8Array(2)],
  ])('%s behind one is refused', async (_what, make) => {
    way = () => [new Proxy(make(), {})];
    const master = await Master.open(Store, { name: 'a', store: new MemoryStore() });
    expect(() => master.model.make()).toThrow(expect.objectContaining({ code: 'UNSUPPORTED_STATE' }));
    expect(master.model.todos).toHaveLength(0);
    await master.close();
  });

  test('what the result alone holds is a copy with its class, order, attributes, references and cycles', async () => {
    way = (todo) => {
      const shared = Object.defineProperty({ b: 1, a: [1, , 3] }, 'hidden', { value: new Date(5) });
      const ring: unknown[] = [todo, shared, Object.freeze({ shared, todo }), new Map([[shared, new Set([shared])]])];
      ring.push(ring, /x/g, Object.seal({ n: -0 }), Object.assign(new Summary(todo), { [Symbol.for('s')]: 1n }));
      return ring;
    };
    const master = await Master.open(Store, { name: 'a', store: new MemoryStore() });
    const [todo, shared, frozen, map, ring, pattern, sealed, summary] = master.model.make() as [
      Todo,
      Record<string, unknown>,
      { shared: object; todo: Todo },
      Map<object, Set<object>>,
      unknown[],
      RegExp,
      { n: number },
      Summary,
    ];
    expect(todo === master.model.todos[0]).toBe(true);
    expect(Object.keys(shared)).toEqual(['b', 'a']);
    expect(shared.a).toStrictEqual([1, , 3]);
    expect(Object.getOwnPropertyDescriptor(shared, 'hidden')).toMatchObject({ enumerable: false, writable: false });
    expect([frozen.shared === shared, frozen.todo === todo, Object.isFrozen(frozen)]).toEqual([true, true, true]);
    expect(map.get(shared)?.has(shared)).toBe(true);
    expect(ring[4] === ring && ring[0] === todo).toBe(true);
    expect([pattern.source, pattern.flags, Object.isSealed(sealed), Object.is(sealed.n, -0)]).toEqual([
      'x',
      'g',
      true,
      true,
    ]);
    expect([summary instanceof Summary, summary.first === todo, summary.done]).toEqual([true, true, false]);
    await master.close();
  });
});
