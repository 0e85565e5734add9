import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { definePrevalent, Master } from 'prevalent';

class Todo {
  readonly title: string;

  constructor(title: string) {
    this.title = title;
  }
}

class TodoList {
  readonly todos: Todo[] = [];

  add(title: string): void {
    this.todos.push(new Todo(title));
  }
}

definePrevalent(TodoList, { name: 'todo-list', transactions: ['add'], classes: { todo: Todo } });

/** As in program.ts, without decorators: types are all that has to be stripped. */
export async function meet(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'prevalent-toolchain-'));
  const open = (name: string): Promise<Master<TodoList>> =>
    Master.open(TodoList, { name, store: join(folder, 'shared'), local: join(folder, name) });
  const titles = (master: Master<TodoList>): string =>
    master.query(({ todos }) => todos.map((todo) => (todo instanceof Todo ? todo.title : '?')).join());
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
