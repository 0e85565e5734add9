import 'reflect-metadata';
import { Type } from 'class-transformer';
import { Prevalent, Transaction } from 'prevalent';

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

  titles(): string {
    return [...this.todos.values()].map((todo) => (todo instanceof Todo ? todo.title : '?')).join();
  }
}
