/** The state comes back with its classes under standard decorators. */
import { Master, Prevalent, Transaction } from 'prevalent';

class Todo {
  constructor(
    readonly id: string,
    public title: string,
    public done = false,
  ) {}
}

@Prevalent('todo-list', { classes: { todo: Todo } })
class TodoList {
  readonly todos = new Map<string, Todo>();

  @Transaction() add(title: string): Todo {
    const todo = new Todo(crypto.randomUUID(), title);
    this.todos.set(todo.id, todo);
    return todo;
  }

  open(): Todo[] {
    return [...this.todos.values()].filter((todo) => !todo.done);
  }
}

const options = { name: 'standard', store: './standard' };

const first = await Master.open(TodoList, options);
await first.transact((list) => list.add('Tea'));
await first.close();

const second = await Master.open(TodoList, options);
const titles = second.query((list) => list.open().map((todo) => `${todo.constructor.name} ${todo.title}`));
await second.close();

if (titles.join() !== 'Todo Tea') throw new Error(`after reopening: ${titles.join() || 'nothing'}`);
