/** What users may rely on, each shown on a real master. */
import 'reflect-metadata';
import { Type } from 'class-transformer';
import { Master, MemoryStore, type MergedEvent, Prevalent, type PrevalentError, Transaction } from 'prevalent';

class Todo {
  @Type(() => Date) due: Date | undefined;
  readonly tags: string[] = [];
  constructor(
    readonly id: string,
    public title: string,
    public done = false,
  ) {}
}

@Prevalent('guarantees')
class TodoList {
  @Type(() => Todo) readonly todos = new Map<string, Todo>();
  last: unknown = null;
  @Transaction() add(id: string, title: string): Todo {
    const todo = new Todo(id, title);
    this.todos.set(id, todo);
    return todo;
  }
  @Transaction() keep(value: unknown): unknown {
    this.last = value;
    return value;
  }
  @Transaction() keepMeta(): void {
    this.last = Transaction.current?.meta;
  }
  @Transaction() renameUser(name: string): void {
    (this.last as { user: string }).user = name;
  }
  @Transaction() twice(id: string): void {
    this.add(`${id}-1`, 'first');
    this.add(`${id}-2`, 'second');
  }
  @Transaction() fail(error: unknown, where?: string): void {
    this.todos.clear();
    this.last = new Map([['deep', [1, 2]]]);
    this.todos.set('x', new Todo('x', 'x'));
    if (where === 'nested') this.keep(1);
    throw failures[error as number];
  }
  @Transaction() run(name: string): unknown {
    return actions.get(name)?.(this);
  }
}

const failures: unknown[] = [
  new RangeError('no'),
  'text',
  undefined,
  null,
  { code: 5 },
  Object.freeze(new Error('frozen')),
];
const actions = new Map<string, (list: TodoList) => unknown>();

const codeOf = (run: () => unknown): unknown => {
  try {
    run();
  } catch (error) {
    return (error as PrevalentError | undefined)?.code ?? error;
  }
  return undefined;
};

async function opened(options: object = {}): Promise<{ master: Master<TodoList>; store: MemoryStore }> {
  const store = new MemoryStore();
  const master = await Master.open(TodoList, { name: 'one', store, ...options });
  return { master, store };
}

const stateOf = (master: Master<TodoList>): unknown =>
  master.query((list) => structuredClone({ todos: list.todos, last: list.last }));

async function eventsOf(master: Master<TodoList>): Promise<MergedEvent[]> {
  const events: MergedEvent[] = [];
  for await (const event of master.events()) events.push(event);
  return events;
}

test.each(failures.map((failure, index) => [String(failure), index] as const))(
  'a call that throws %s leaves no trace, and the caller gets that very thing',
  async (_text, index) => {
    const { master } = await opened();
    master.model.add('a', 'A');
    master.model.add('b', 'B');
    const before = stateOf(master);
    const { version } = master;
    for (const where of [undefined, 'nested']) {
      const caught: unknown[] = [];
      try {
        master.model.fail(index, where);
      } catch (error) {
        caught.push(error);
      }
      expect(caught).toHaveLength(1);
      expect(caught[0]).toBe(failures[index]);
    }
    expect(stateOf(master)).toEqual(before);
    expect([...master.model.todos.keys()]).toEqual(['a', 'b']);
    expect(master.version).toBe(version);
    expect((await eventsOf(master)).map(({ transaction, seq }) => [transaction, seq])).toEqual([
      ['add', 1],
      ['add', 2],
    ]);
    master.model.add('c', 'C');
    expect((await eventsOf(master)).map(({ seq }) => seq)).toEqual([1, 2, 3]);
    await master.close();
  },
);

test('a write outside a transaction throws and changes nothing', async () => {
  const { master } = await opened();
  const returned = master.model.add('a', 'A') as Todo;
  const before = stateOf(master);
  const list = master.model as TodoList;
  const writes: (() => unknown)[] = [
    () => (list.todos.get('a')!.done = true),
    () => (returned.title = 'changed'),
    () => returned.tags.push('tag'),
    () => delete (returned as { due?: Date }).due,
    () => Object.assign(returned, { done: true }),
    () => Object.defineProperty(returned, 'done', { value: true }),
    () => Object.setPrototypeOf(returned, null),
    () => Object.freeze(returned),
    () => list.todos.set('b', new Todo('b', 'B')),
    () => list.todos.delete('a'),
    () => {
      list.todos.clear();
    },
    () => (list.last = 1),
    () => {
      for (const todo of list.todos.values()) todo.done = true;
    },
    () => {
      list.todos.forEach((todo) => (todo.done = true));
    },
  ];
  for (const write of writes) expect(codeOf(write)).toBe('WRITE_OUTSIDE_TRANSACTION');
  expect(stateOf(master)).toEqual(before);
  expect(await eventsOf(master)).toHaveLength(1);
  await master.close();
});

test('changing an argument later changes nothing', async () => {
  const { master } = await opened();
  const given = {
    list: [1],
    date: new Date(1),
    map: new Map([['k', { v: 1 }]]),
    bytes: new Uint8Array([1]),
    todo: new Todo('a', 'A'),
  };
  master.model.keep(given);
  const before = stateOf(master);
  given.list.push(2);
  given.date.setTime(5);
  given.map.get('k')!.v = 2;
  given.map.clear();
  given.bytes[0] = 9;
  given.todo.done = true;
  expect(stateOf(master)).toEqual(before);
  const [event] = await eventsOf(master);
  expect(event?.args).toEqual([
    {
      list: [1],
      date: new Date(1),
      map: new Map([['k', { v: 1 }]]),
      bytes: new Uint8Array([1]),
      todo: new Todo('a', 'A'),
    },
  ]);
  await master.close();
});

test('changing what was returned, listed or told changes nothing', async () => {
  const { master, store } = await opened({ meta: { user: 'ada' } });
  const told: MergedEvent[] = [];
  master.on('event', (event) => told.push(event));
  const kept = master.model.keep({ list: [1], date: new Date(1) }) as { list: number[]; date: Date };
  expect(codeOf(() => kept.list.push(2))).toBe('WRITE_OUTSIDE_TRANSACTION');
  expect(codeOf(() => kept.date.setTime(5))).toBe('WRITE_OUTSIDE_TRANSACTION');
  for (const event of [...told, ...(await eventsOf(master))]) {
    (event.args[0] as { list: number[] }).list.push(3);
    (event.meta as { user: string }).user = 'mallory';
  }
  master.model.keepMeta();
  expect(stateOf(master)).toMatchObject({ last: { user: 'ada' } });
  await master.close();
  const again = await Master.open(TodoList, { name: 'one', store });
  expect(stateOf(again)).toMatchObject({ last: { user: 'ada' } });
  expect((await eventsOf(again))[0]?.args).toEqual([{ list: [1], date: new Date(1) }]);
  await again.close();
});

test('meta that a transaction stores belongs to that event alone', async () => {
  const { master, store } = await opened({ meta: { user: 'ada' } });
  master.model.keepMeta();
  master.model.renameUser('bob');
  expect(stateOf(master)).toMatchObject({ last: { user: 'bob' } });
  master.model.keepMeta();
  const live = stateOf(master);
  expect(live).toMatchObject({ last: { user: 'ada' } });
  expect((await eventsOf(master)).map(({ meta }) => meta)).toEqual([{ user: 'ada' }, { user: 'ada' }, { user: 'ada' }]);
  await master.close();
  const again = await Master.open(TodoList, { name: 'two', store });
  expect(stateOf(again)).toEqual(live);
  await again.close();
});

test('a transaction inside query throws, on the raw model and on the guarded one', async () => {
  const { master } = await opened();
  expect(codeOf(() => master.query((list) => list.add('a', 'A')))).toBe('TRANSACTION_IN_QUERY');
  expect(codeOf(() => master.query(() => master.model.add('a', 'A')))).toBe('TRANSACTION_IN_QUERY');
  let kept: TodoList | undefined;
  master.query((list: TodoList) => (kept = list));
  expect(codeOf(() => kept?.add('a', 'A'))).toBe('TRANSACTION_IN_QUERY');
  expect(master.model.todos.size).toBe(0);
  master.model.add('a', 'A');
  expect(master.query((list) => list.todos.size)).toBe(1);
  await master.close();
});

test('nested transactions run inline and are one event', async () => {
  const { master } = await opened();
  const heard: string[] = [];
  master.on('event', ({ transaction }) => heard.push(transaction));
  master.model.twice('n');
  expect([...master.model.todos.keys()]).toEqual(['n-1', 'n-2']);
  expect(heard).toEqual(['twice']);
  expect((await eventsOf(master)).map(({ transaction, args }) => [transaction, args])).toEqual([['twice', ['n']]]);
  await master.close();
});

test('calls from event listeners and subscribers work, each an event of its own', async () => {
  const { master } = await opened();
  master.on('event', ({ transaction, args }) => {
    if (transaction === 'add' && args[0] === 'a') master.model.add('b', 'from a listener');
  });
  let answered = false;
  master.subscribe(() => {
    if (answered || !master.model.todos.has('b')) return;
    answered = true;
    master.model.add('c', 'from a subscriber');
  });
  master.model.add('a', 'A');
  expect([...master.model.todos.keys()]).toEqual(['a', 'b', 'c']);
  await master.durable();
  expect((await eventsOf(master)).map(({ seq, args }) => [seq, args[0]])).toEqual([
    [1, 'a'],
    [2, 'b'],
    [3, 'c'],
  ]);
  await master.close();
});

test('a call of another master inside a transaction is refused, and so is the outer one', async () => {
  const { master } = await opened();
  const { master: other } = await opened({ name: 'two' });
  actions.set('foreign', () => other.model.add('x', 'X'));
  expect(codeOf(() => master.model.run('foreign'))).toBe('FOREIGN_TRANSACTION');
  expect(other.model.todos.size).toBe(0);
  expect(await eventsOf(master)).toEqual([]);
  actions.set('swallowed', (list) => {
    list.add('a', 'A');
    try {
      other.model.add('x', 'X');
    } catch {
      list.add('b', 'B');
    }
  });
  master.model.run('swallowed');
  expect(other.model.todos.size).toBe(0);
  expect([...master.model.todos.keys()]).toEqual(['a', 'b']);
  await master.close();
  await other.close();
});

test('what cannot be recorded is refused before anything happens', async () => {
  const { master } = await opened();
  for (const value of [() => 1, Symbol('s'), new Date(NaN), new (class Stranger {})(), JSON.parse('{"__proto__":1}')])
    expect(codeOf(() => master.model.keep(value))).toBe('UNCARRIABLE_ARGUMENT');
  expect(stateOf(master)).toEqual({ todos: new Map(), last: null });
  expect(await eventsOf(master)).toEqual([]);
  await master.close();
});

test('an upcast that throws rejects that event alone, and nothing that shows it fails', async () => {
  const store = new MemoryStore();
  class Old {
    values: unknown[] = [];
    set(value: unknown): void {
      this.values.push(value);
    }
  }
  const transaction = Transaction('set') as unknown as MethodDecorator;
  const descriptor = Object.getOwnPropertyDescriptor(Old.prototype, 'set')!;
  transaction(Old.prototype, 'set', descriptor);
  Object.defineProperty(Old.prototype, 'set', descriptor);
  Prevalent('upcasting-old')(Old);
  const old = await Master.open(Old, { name: 'old', store });
  old.model.set('bad');
  old.model.set('good');
  await old.close();

  class New {
    values: unknown[] = [];
    set(value: unknown): void {
      this.values.push(value);
    }
  }
  const upcast = (args: unknown[]): unknown[] => {
    if (args[0] === 'bad') throw new TypeError('this one cannot climb');
    return [{ value: args[0] }];
  };
  const newer = Object.getOwnPropertyDescriptor(New.prototype, 'set')!;
  (Transaction('set', { version: 2, upcast: { 1: upcast } }) as unknown as MethodDecorator)(
    New.prototype,
    'set',
    newer,
  );
  Object.defineProperty(New.prototype, 'set', newer);
  Prevalent('upcasting-old')(New);
  const upgraded = await Master.open(New, { name: 'new', store });
  expect(upgraded.query((model) => model.values)).toEqual([{ value: 'good' }]);
  expect(upgraded.rejections()).toMatchObject([{ args: ['bad'], error: 'TypeError: this one cannot climb' }]);
  const args: unknown[] = [];
  for await (const event of upgraded.events()) args.push(event.args);
  expect(args).toEqual([['bad'], [{ value: 'good' }]]);
  await upgraded.sync();
  await upgraded.close();
});
