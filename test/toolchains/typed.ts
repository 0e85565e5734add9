import { Type } from 'class-transformer';
import { Prevalent, Transaction } from 'prevalent';

class Todo {
  constructor(readonly title: string) {}
}

/** Its classes are named by `@Type` alone, in a program that has no reflect-metadata. */
@Prevalent('typed-list')
export class TypedList {
  @Type(() => Todo) readonly todos: Todo[] = [];

  @Transaction() add(title: string): void {
    this.todos.push(new Todo(title));
  }

  titles(): string {
    return this.todos.map((todo) => (todo instanceof Todo ? todo.title : '?')).join();
  }
}
