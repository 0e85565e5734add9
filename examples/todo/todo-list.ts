import 'reflect-metadata';
import { Type } from 'class-transformer';
import { Prevalent, Transaction } from 'prevalent';

/** What the list refuses to do, and why. */
export class TodoError extends Error {
  override readonly name = 'TodoError';
}

export class Todo {
  done = false;

  constructor(
    readonly id: string,
    public title: string,
  ) {}
}

/** The whole domain: plain objects, plain methods. What changes the list is a transaction; the rest just reads. */
@Prevalent('todo-list')
export class TodoList {
  @Type(() => Todo)
  private readonly todos = new Map<string, Todo>();

  @Transaction()
  add(title: string): Todo {
    const todo = new Todo(crypto.randomUUID(), checked(title)); // the same id on every master
    this.todos.set(todo.id, todo);
    return todo;
  }

  @Transaction()
  rename(id: string, title: string): Todo {
    const todo = this.get(id);
    todo.title = checked(title);
    return todo;
  }

  @Transaction()
  done(id: string): Todo {
    const todo = this.get(id);
    todo.done = true;
    return todo;
  }

  @Transaction()
  remove(id: string): Todo {
    const todo = this.get(id);
    this.todos.delete(id);
    return todo;
  }

  get(id: string): Todo {
    const todo = this.todos.get(id);
    if (todo === undefined) throw new TodoError(`no to-do ${id}; it was removed`);
    return todo;
  }

  all(): Todo[] {
    return [...this.todos.values()];
  }
}

function checked(title: string): string {
  const text = title.trim();
  if (text === '') throw new TodoError('a to-do needs a title');
  if (/\p{Cc}/u.test(text)) throw new TodoError('a title is one line of text');
  return text;
}
