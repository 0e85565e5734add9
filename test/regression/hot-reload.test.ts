/** A module that is evaluated again, by a development server or a test runner, makes the classes of its model anew. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FolderStore, Master, MemoryStore, Prevalent, Transaction } from '../../src/index.js';

interface Todo {
  title: string;
  shout(): string;
}

interface List {
  readonly todos: Todo[];
  add(title: string): void;
  put(todo: Todo): void;
}

/** Evaluates the module once more; `mark` is what was edited in it. */
function evaluate(mark: string): { TodoList: new () => List; Todo: new (title: string) => Todo } {
  class Todo {
    constructor(public title: string) {}
    shout(): string {
      return this.title + mark;
    }
  }
  @Prevalent('hot-list', { classes: { todo: Todo } })
  class TodoList implements List {
    readonly todos: Todo[] = [];
    @Transaction() add(title: string): void {
      this.todos.push(new Todo(title));
    }
    @Transaction() put(todo: Todo): void {
      this.todos.push(todo);
    }
  }
  return { TodoList, Todo };
}

test('the newest class is opened; masters that are open keep theirs', async () => {
  const [first, second] = [evaluate('!'), evaluate('?')];
  const [one, two] = [new MemoryStore(), new MemoryStore()];
  const old = await Master.open(first.TodoList, { name: 'a', store: one });
  const fresh = await Master.open(second.TodoList, { name: 'a', store: two });
  for (const master of [old, fresh]) master.model.add('milk');
  expect(old.model.todos[0]?.shout()).toBe('milk!');
  expect(fresh.model.todos[0]?.shout()).toBe('milk?');
  await old.close();
  await fresh.close();
});

test('after the master was closed the new class goes on with its store, from journal and from snapshot', async () => {
  const store = new MemoryStore();
  for (const [round, mark] of ['!', '?', '.'].entries()) {
    const { TodoList } = evaluate(mark);
    const master = await Master.open(TodoList, { name: 'a', store, check: 'replay' });
    master.model.add(`todo ${round}`);
    expect(master.model.todos.map((todo) => todo.shout())).toEqual(
      Array.from({ length: round + 1 }, (_, at) => `todo ${at}${mark}`),
    );
    if (round === 1) await master.snapshot();
    await master.close();
  }
});

describe('two different classes under one name in one store', () => {
  const folder = mkdtempSync(join(tmpdir(), 'prevalent-hot-'));
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });
  const memory = new MemoryStore();
  const shared = join(folder, 'shared');

  test.each([
    ['of memory', () => memory],
    ['a folder by its path', () => shared],
    ['a folder by another path', () => join(folder, 'other', '..', 'shared')],
    ['a folder as another store', () => new FolderStore(shared)],
  ])('are refused: %s', async (_, store) => {
    const local = (name: string): string => join(folder, name);
    const opened = await Master.open(evaluate('!').TodoList, {
      name: 'a',
      store: store() === memory ? memory : shared,
      local: local('a'),
    });
    const Second = evaluate('?').TodoList;
    const again = { name: 'b', store: store(), local: local('b') };
    await expect(Master.open(Second, again)).rejects.toMatchObject({ code: 'DUPLICATE_MODEL' });
    await opened.close();
    const after = await Master.open(Second, again);
    await after.close();
  });

  test('an open that failed holds nothing', async () => {
    const store = new MemoryStore();
    const failing = Object.assign(Object.create(store) as MemoryStore, {
      place: store,
      open: () => Promise.reject(new Error('no')),
    });
    await expect(Master.open(evaluate('!').TodoList, { name: 'a', store: failing })).rejects.toThrow('no');
    const master = await Master.open(evaluate('?').TodoList, { name: 'a', store });
    await master.close();
  });

  test('one class may be open many times', async () => {
    const store = new MemoryStore();
    const { TodoList } = evaluate('!');
    const [a, b] = [
      await Master.open(TodoList, { name: 'a', store }),
      await Master.open(TodoList, { name: 'b', store }),
    ];
    await a.close();
    await expect(Master.open(evaluate('?').TodoList, { name: 'c', store })).rejects.toMatchObject({
      code: 'DUPLICATE_MODEL',
    });
    await b.close();
  });
});
