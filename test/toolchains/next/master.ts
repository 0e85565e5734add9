import { Master } from 'prevalent';
import { TodoList } from './program';

// Pages and routes load this module each for themselves, and again after each edit.
const held = globalThis as { todoMaster?: Promise<Master<TodoList>> };

export const master = (held.todoMaster ??= Master.open(TodoList, { name: 'web', store: './shared', local: './local' }));
