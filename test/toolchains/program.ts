import 'reflect-metadata';
import { Type } from 'class-transformer';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Master, Prevalent, Transaction } from 'prevalent';

export class Todo {
  readonly id: string;
  readonly title: string;

  constructor(id: string, title: string) {
    this.id = id;
    this.title = title;
  }
}

@Prevalent('todo-list', { classes: { todo: Todo } })
export class TodoList {
  @Type(() => Todo) readonly todos = new Map<string, Todo>();

  @Transaction() add(title: string): Todo {
    const todo = new Todo(crypto.randomUUID(), title);
    this.todos.set(todo.id, todo);
    return todo;
  }
}

/** Two masters work apart and meet; one of them starts again from its snapshot. Gives what each holds. */
export async function meet(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'prevalent-toolchain-'));
  const open = (name: string): Promise<Master<TodoList>> =>
    Master.open(TodoList, { name, store: join(folder, 'shared'), local: join(folder, name) });
  const titles = (master: Master<TodoList>): string =>
    master.query(({ todos }) => [...todos.values()].map((todo) => (todo instanceof Todo ? todo.title : '?')).join());
  const [a, b] = [await open('a'), await open('b')];
  await a.transact((list) => list.add('milk'));
  await b.transact((list) => list.add('bread'));
  await a.snapshot();
  for (const master of [a, b, a]) await master.sync();
  const found = [titles(a), titles(b)];
  await a.close();
  const again = await open('a');
  found.push(titles(again));
  await again.close();
  await b.close();
  rmSync(folder, { recursive: true });
  return found.join(' = ');
}
