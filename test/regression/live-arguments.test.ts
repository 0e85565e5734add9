/** The model's own objects as arguments: the call would get a copy that is not in the model, and `indexOf` would not find it. */
import 'reflect-metadata';
import { copyOf, Master, MemoryStore, Prevalent, PrevalentError, Transaction } from 'prevalent';

class Todo {
  readonly tags = new Set<string>();
  readonly notes: { text: string }[] = [];
  readonly bytes = Uint8Array.of(1, 2, 3);
  due = new Date(5);
  pattern = /a/g;
  constructor(public title: string) {}
}

const END = new Date(8.64e15);
const OPEN = { name: 'open' };

@Prevalent('live-arguments', { classes: { todo: Todo }, constants: { open: OPEN } })
class Todos {
  readonly list: Todo[] = [];
  readonly byTitle = new Map<string, Todo>();
  readonly frozen = Object.freeze([Object.freeze({ a: 1 })]);
  @Transaction() add(title: string): Todo {
    const todo = new Todo(title);
    todo.notes.push({ text: 'first' });
    this.list.push(todo);
    this.byTitle.set(title, todo);
    return todo;
  }
  @Transaction() remove(...gone: unknown[]): number {
    this.list.splice(this.list.indexOf(gone[0] as Todo), 1);
    return this.list.length;
  }
  @Transaction() removeFirst(): void {
    // A live object passed to another transaction inside one is the model's own object there, too.
    this.remove(this.list[0]);
  }
  status: object = OPEN;
  @Transaction({ args: () => [Todo] }) mark(status: object): boolean {
    this.status = status;
    return status === OPEN;
  }
  @Transaction() put(todo: Todo): boolean {
    this.list.push(todo);
    return todo instanceof Todo;
  }
}

const open = (store = new MemoryStore(), name = 'one'): Promise<Master<Todos>> => Master.open(Todos, { name, store });

const refusal = (run: () => unknown): PrevalentError => {
  try {
    run();
  } catch (error) {
    if (error instanceof PrevalentError) return error;
    throw error;
  }
  throw new Error('it was accepted');
};

const guarded: [string, (todos: Todos) => unknown][] = [
  ['the model', (todos) => todos],
  ['an instance', (todos) => todos.list[0]],
  ['a list', (todos) => todos.list],
  ['a Map', (todos) => todos.byTitle],
  ['a Set', (todos) => todos.list[0]?.tags],
  ['a Date', (todos) => todos.list[0]?.due],
  ['a RegExp', (todos) => todos.list[0]?.pattern],
  ['bytes', (todos) => todos.list[0]?.bytes],
  ['a part of bytes', (todos) => todos.list[0]?.bytes.subarray(1)],
  ['a plain object', (todos) => todos.list[0]?.notes[0]],
  ['a frozen list', (todos) => todos.frozen],
  ['a frozen object', (todos) => todos.frozen[0]],
];
const holders: [string, (value: unknown) => unknown][] = [
  ['alone', (value) => value],
  ['in an object', (value) => ({ a: { b: value } })],
  ['in a list', (value) => [1, [value]]],
  ['as the key of a Map', (value) => new Map([[value, 1]])],
  ['as the value of a Map', (value) => new Map([['k', value]])],
  ['in a Set', (value) => new Set([value])],
  ['in an instance', (value) => Object.assign(new Todo('holder'), { notes: [value] })],
];

describe('an object of the model as an argument is refused before anything is logged', () => {
  test.each(guarded)('%s, guarded, at any depth', async (_what, get) => {
    const master = await open();
    master.model.add('milk');
    const { version } = master;
    for (const [, hold] of holders) {
      expect(refusal(() => master.model.remove(1, hold(get(master.model as Todos)))).code).toBe('LIVE_ARGUMENT');
      // What `transact` gave is guarded as well.
      const given = await master.transact((todos: Todos) => get(todos));
      expect(refusal(() => master.model.remove(hold(given))).code).toBe('LIVE_ARGUMENT');
    }
    expect(master.version).toBe(version);
    expect(master.model.list).toHaveLength(1);
    await master.close();
  });

  test.each(guarded)('%s, raw from query, at any depth', async (_what, get) => {
    // From a start, so that no guard of it was ever made.
    const store = new MemoryStore();
    const before = await open(store);
    before.model.add('milk');
    await before.snapshot();
    await before.close();
    const master = await open(store);
    const raw = master.query(get);
    for (const [, hold] of holders) {
      // A part of bytes that `query` gave is the caller's own view; what it shows is copied.
      if (_what === 'a part of bytes') continue;
      expect(refusal(() => master.model.remove(hold(raw))).code).toBe('LIVE_ARGUMENT');
    }
    expect(master.model.list).toHaveLength(1);
    await master.close();
  });

  test.each<[string, boolean]>([
    ['from genesis', false],
    ['from a snapshot', true],
  ])('what at() gave, %s, at any depth, now and when the master is closed', async (_what, snapshot) => {
    const store = new MemoryStore();
    const master = await open(store);
    master.model.add('milk');
    if (snapshot) await master.snapshot();
    master.model.add('tea');
    const past = await master.at(END);
    expect(past.list).toHaveLength(2);
    const again = await open(undefined, 'two');
    for (const { model } of [master, again])
      for (const [what, get] of guarded) {
        // The caller's own view.
        if (what === 'a part of bytes') continue;
        for (const [, hold] of holders) expect(refusal(() => model.remove(hold(get(past)))).code).toBe('LIVE_ARGUMENT');
      }
    await master.close();
    expect(refusal(() => again.model.remove(past.list)).code).toBe('LIVE_ARGUMENT');
    await again.close();
  });

  test('what entered the state after it was first read raw', async () => {
    const master = await open();
    master.query(() => 0);
    expect(refusal(() => master.model.remove(master.query((todos) => todos.list))).code).toBe('LIVE_ARGUMENT');
    master.model.add('milk');
    const raw = master.query((todos) => todos.list[0]?.notes);
    expect(refusal(() => master.model.remove(raw)).code).toBe('LIVE_ARGUMENT');
    await master.close();
  });

  test('what was read raw before the state was rebuilt', async () => {
    const store = new MemoryStore();
    const now = 1_700_000_000_000;
    const master = await Master.open(Todos, { name: 'one', store, undoMemory: 1, now: () => now + 5 });
    const other = await Master.open(Todos, { name: 'other', store, now: () => now });
    other.model.add('early');
    for (let i = 0; i < 3; i++) master.model.add(`todo ${i}`);
    const raw = master.query((todos) => todos.list[0]);
    await other.sync();
    await master.sync();
    expect(master.query((todos) => todos.list[0])?.title).toBe('early');
    expect(refusal(() => master.model.remove(raw)).code).toBe('LIVE_ARGUMENT');
    expect(refusal(() => master.model.remove(master.query((todos) => todos.list[1]))).code).toBe('LIVE_ARGUMENT');
    await master.close();
    await other.close();
  });

  test('an object of another master, also of one that is closed', async () => {
    const one = await open();
    const two = await open();
    const todo = one.model.add('milk');
    const raw = one.query((todos) => todos.list[0]);
    for (const live of [todo, raw]) expect(refusal(() => two.model.remove(live)).code).toBe('LIVE_ARGUMENT');
    await one.close();
    for (const live of [todo, raw]) expect(refusal(() => two.model.remove(live)).code).toBe('LIVE_ARGUMENT');
    await two.close();
  });

  test('the message names transaction, argument, path and remedy', async () => {
    const master = await open();
    const todo = master.model.add('milk');
    expect(refusal(() => master.model.remove('x', { deep: [todo] })).message).toMatch(
      /^Argument 2 of remove is an object of a model at deep\.0 \(Todo\): .* Pass its id, or a copy: copyOf\(x\)\. Nothing was logged/,
    );
    await master.close();
  });
});

describe('what is no object of a model is accepted', () => {
  test('a copy, inside and outside', async () => {
    const store = new MemoryStore();
    const master = await open(store);
    const todo = master.model.add('milk');
    expect(master.model.put(copyOf(todo))).toBe(true);
    expect(master.model.put(copyOf(master.query((todos) => todos.list[0] as Todo)))).toBe(true);
    expect(master.model.list.map(({ title }) => title)).toEqual(['milk', 'milk', 'milk']);
    expect(new Set(master.query((todos) => todos.list)).size).toBe(3);
    await master.sync();
    const newcomer = await open(store, 'two');
    expect(newcomer.query((todos) => copyOf(todos))).toStrictEqual(master.query((todos) => copyOf(todos)));
    await newcomer.close();
    await master.close();
  });

  test('live objects between transactions inside one call', async () => {
    const master = await open();
    master.model.add('milk');
    master.model.add('tea');
    master.model.removeFirst();
    expect(master.model.list.map(({ title }) => title)).toEqual(['tea']);
    await master.close();
  });

  test('a constant that stands in the model, and in a copy of it', async () => {
    const master = await open();
    master.query((todos) => todos.list);
    for (const status of [OPEN, master.model.status, copyOf(master.model).status, copyOf(master.model.status)])
      expect(master.model.mark(status)).toBe(true);
    await master.close();
  });

  test('what events() told, and a copy of what at() gave', async () => {
    const master = await open();
    master.model.put(new Todo('milk'));
    const past = await master.at(END);
    expect(master.model.put(copyOf(past.list[0] as Todo))).toBe(true);
    for await (const { args } of master.events()) {
      expect(args[0]).toBeInstanceOf(Todo);
      expect(master.model.put(args[0] as Todo)).toBe(true);
    }
    await master.close();
  });

  test('a plain object that was never part of it, after a raw read', async () => {
    const master = await open();
    master.query((todos) => todos.list);
    expect(master.model.put(new Todo('milk'))).toBe(true);
    await master.close();
  });
});
