import { Prevalent, Transaction } from 'prevalent';

class Todo {
  constructor(readonly title: string) {}
}

/** Its decorators work as legacy and as standard ones. */
@Prevalent('todo-list', { classes: { todo: Todo } })
export class TodoList {
  readonly todos: Todo[] = [];

  @Transaction() add(title: string): void {
    this.todos.push(new Todo(title));
  }

  titles(): string {
    return this.todos.map((todo) => (todo instanceof Todo ? todo.title : '?')).join();
  }
}
