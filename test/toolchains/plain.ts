import { definePrevalent } from 'prevalent';

class Todo {
  readonly title: string;

  constructor(title: string) {
    this.title = title;
  }
}

/** As in program.ts, without decorators: types are all that has to be stripped. */
export class TodoList {
  readonly todos: Todo[] = [];

  add(title: string): void {
    this.todos.push(new Todo(title));
  }

  titles(): string {
    return this.todos.map((todo) => (todo instanceof Todo ? todo.title : '?')).join();
  }
}

definePrevalent(TodoList, { name: 'todo-list', transactions: ['add'], classes: { todo: Todo } });
