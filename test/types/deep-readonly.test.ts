/** What the compiler lets readers of a model do: each `@ts-expect-error` says why. `npm run typecheck` proves it. */
import 'reflect-metadata';
import { Decimal } from 'decimal.js';
import { DateTime } from 'luxon';
import { type Acting, type DeepReadonly, Master, MemoryStore, Prevalent, Transaction } from 'prevalent';
import { scenario } from 'prevalent/testing';

declare module 'prevalent' {
  interface OpaqueTypes {
    readonly decimal: Decimal;
    readonly moment: DateTime;
  }
}

class Tag {
  readonly notes: string[] = [];
  constructor(public name: string) {}
  /** A method of an object writes, or does not: the type does not say. */
  rename(name: string): void {
    this.name = name;
  }
}

class Todo {
  readonly tags = new Map<string, Tag>();
  readonly due = new Date(0);
  readonly parts: [title: string, sizes: number[]] = ['', []];
  status: 'open' | 'done' | { since: Date } = 'open';
  private secret = '';
  constructor(
    readonly id: string,
    public title: string,
  ) {}
  reveal(): string {
    return this.secret;
  }
}

/** A collection of one's own has members beside those of a Map. */
class Shelf extends Map<string, Todo> {
  readonly labels: string[] = [];
  first(): Todo | undefined {
    return [...this.values()][0];
  }
}

@Prevalent('read-types', { classes: { todo: Todo, tag: Tag, shelf: Shelf } })
class TodoList {
  readonly todos = new Map<string, Todo>();
  readonly order: Todo[] = [];
  readonly open = new Set<Todo>();
  readonly shelf = new Shelf();
  readonly bytes = new Uint8Array(4);
  readonly extra: Record<string, { n: number }> = {};
  readonly anything: unknown = undefined;
  price = new Decimal(0);
  moment = DateTime.fromMillis(0);
  count = 0;
  optional?: { list: string[] };

  @Transaction() add(title: string, tags: string[] = []): Todo {
    const todo = new Todo(title, title);
    for (const tag of tags) todo.tags.set(tag, new Tag(tag));
    return todo;
  }
  @Transaction() generic<T extends string>(text: T, ...more: T[]): T[] {
    return [text, ...more];
  }
  describe(todo: Todo, all?: readonly Todo[]): string {
    return `${todo.title} of ${all?.length ?? 0}`;
  }
  some(test: (todo: Todo) => boolean): Todo[] {
    return this.order.filter(test);
  }
  isDone(todo: Todo): todo is Todo & { status: 'done' } {
    return todo.status === 'done';
  }
  find(id: string): Todo;
  find(index: number): Todo | undefined;
  find(which: string | number): Todo | undefined {
    return typeof which === 'number' ? this.order[which] : this.todos.get(which);
  }
  *titles(): Generator<string> {
    for (const { title } of this.order) yield title;
  }
  get last(): Todo | undefined {
    return this.order.at(-1);
  }
}

declare const store: MemoryStore;

/** Never called: its body is for the compiler. */
async function readers(): Promise<void> {
  const master = await Master.open(TodoList, { name: 'one', store });
  const { model } = master;

  // What reads.
  const titles: string[] = [...model.todos.values()].map((todo) => todo.title);
  const tag: string | undefined = model.todos.get('a')?.tags.get('b')?.name;
  const [title, sizes] = model.order[0]!.parts;
  const sum: number = sizes.reduce((total, size) => total + size, title.length);
  const due: Date = model.order[0]!.due;
  const price: Decimal = model.price.plus(model.price);
  const moment: DateTime = model.moment;
  const bytes: Uint8Array = model.bytes;
  const anything: unknown = model.anything;
  const n: number | undefined = model.extra['a']?.n;
  const list: readonly string[] | undefined = model.optional?.list;
  const status = model.order[0]!.status;
  const since: Date | undefined = typeof status === 'string' ? undefined : status.since;
  const shelved: string | undefined = model.shelf.first()?.title;
  const label: string | undefined = model.shelf.labels[0];
  for (const text of model.titles()) expect(text.length).toBeDefined();
  expect([titles, tag, sum, due, price, moment, bytes, anything, n, list, since, shelved, label]).toBeDefined();

  // What is read goes into methods, also into those whose parameters are of the class itself.
  const todo = model.last!;
  const described: string = model.describe(todo, model.order);
  const filtered = model.some((one) => one.title === '');
  const named = model.some((one: Todo) => one.title === '');
  const [texts]: 'a'[] = model.generic('a', 'a');
  const found: Todo | undefined = model.find(5);
  const added = model.add('Tea', ['home']);
  const fromList = model.add('Tea', [...model.shelf.labels]);
  const isThere: boolean = model.open.has(todo) || model.order.includes(todo);
  expect([described, filtered, named, texts, found, added, fromList, isThere]).toBeDefined();
  expect(textOf(todo) + textOf(new Todo('a', 'b'))).toBeDefined();

  // What writes.
  // @ts-expect-error -- a Map of the model has no set
  model.todos.set('a', new Todo('a', 'b'));
  // @ts-expect-error -- nor a delete
  model.todos.delete('a');
  // @ts-expect-error -- a list cannot grow
  model.order.push(new Todo('a', 'b'));
  // @ts-expect-error -- nor lose its end
  model.order.length = 0;
  // @ts-expect-error -- a Set of the model has no add
  model.open.add(new Todo('a', 'b'));
  // @ts-expect-error -- a field of the model
  model.count = 5;
  // @ts-expect-error -- a field of an object in it
  model.todos.get('a')!.title = 'x';
  // @ts-expect-error -- of an object in an object
  model.todos.get('a')!.tags.get('b')!.name = 'x';
  // @ts-expect-error -- a list in one
  model.todos.get('a')!.tags.get('b')!.notes.push('x');
  // @ts-expect-error -- a list in a tuple
  model.order[0]!.parts[1].push(5);
  // @ts-expect-error -- an element of a tuple
  model.order[0]!.parts[0] = 'x';
  // @ts-expect-error -- a property of a dictionary
  model.extra['a'] = { n: 5 };
  // @ts-expect-error -- what a method gives is the model's own
  model.last!.title = 'x';
  // @ts-expect-error -- what a transaction gives as well
  model.add('Tea').title = 'x';
  // @ts-expect-error -- what is given to a function that a query takes as well
  model.some((one) => Boolean((one.title = 'x')));
  // @ts-expect-error -- a Map that is more than one
  model.shelf.set('a', new Todo('a', 'b'));
  // @ts-expect-error -- what it has beside
  model.shelf.labels.push('x');
  // @ts-expect-error -- an accessor without a setter
  model.last = undefined;
  // @ts-expect-error -- an argument of the wrong type
  model.add(5);
  // @ts-expect-error -- what has a Map inside cannot be passed on as what can be written to
  mutate(todo);

  // The same in query, transact, as.
  const length: number = master.query(({ order }) => order.length);
  // @ts-expect-error -- a query only reads
  master.query((list) => list.todos.clear());
  // @ts-expect-error -- outside of a method nothing is written
  await master.transact((list) => list.todos.clear());
  const result = await master.transact((list) => list.add('Tea'));
  // @ts-expect-error -- a result is the model's own
  result.title = 'x';
  const acting: Acting<TodoList> = master.as({ user: 'ada' });
  // @ts-expect-error -- the same state
  acting.model.count = 5;
  await acting.transact((list) => list.add('Tea'));
  // Who says the class is taken at their word.
  const count: number = master.query((list: TodoList) => list.count) + master.query(countOf);
  await master.transact((list: TodoList) => list.add('Tea'));
  expect(length + count).toBeDefined();

  // A copy of the past is nobody's.
  (await master.at(new Date())).todos.clear();
  // An unmanaged instance is an ordinary object.
  new TodoList().todos.clear();
  // @ts-expect-error -- no less in tests
  await scenario(TodoList).when((list) => list.order.push(new Todo('a', 'b')));
}

function textOf(todo: DeepReadonly<Todo>): string {
  return [todo.title, ...todo.tags.keys()].join();
}

function mutate(todo: Todo): void {
  todo.title = '';
}

const countOf = (list: TodoList): number => list.count;

/** In generic code a model is what it is. */
async function generic<M extends object>(master: Master<M>): Promise<unknown> {
  const model: DeepReadonly<M> = master.model;
  const general: Master<object> = master;
  return [model, general, master.query((one) => one), await master.transact((one) => one)];
}

test('the compiler has seen it', () => {
  expect([typeof readers, typeof generic]).toEqual(['function', 'function']);
});
