import { type Todo, TodoError } from './todo-list.js';

const SHORTEST = 4;

/** The to-do that a user means: by its number in the list, or by the beginning of its id. */
export function findTodo(todos: readonly Todo[], text: string): Todo {
  const numbered = /^[1-9]\d*$/.test(text) ? todos[Number(text) - 1] : undefined;
  if (numbered !== undefined) return numbered;
  const [found, another] = todos.filter(({ id }) => text !== '' && id.startsWith(text.toLowerCase()));
  if (found === undefined) throw new TodoError(`no to-do "${text}"; "list" shows numbers and ids`);
  if (another !== undefined) throw new TodoError(`several to-dos begin with "${text}"; give more of the id`);
  return found;
}

/** The shortest beginning of an id that no other to-do shares and that is no number in the list. */
export function shortId(id: string, todos: readonly Todo[]): string {
  let length = SHORTEST;
  const unclear = (short: string): boolean =>
    Number(short) <= todos.length || todos.some((todo) => todo.id !== id && todo.id.startsWith(short));
  while (length < id.length && unclear(id.slice(0, length))) length++;
  return id.slice(0, length);
}
