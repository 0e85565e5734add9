import type { MergedEvent } from 'prevalent';
import { shortId } from './find.js';
import type { Todo } from './todo-list.js';

/** The list as lines of text: number, tick box, short id, title. */
export function listLines(todos: readonly Todo[]): string[] {
  if (todos.length === 0) return ['  (empty)'];
  const digits = String(todos.length).length + 1;
  const shorts = todos.map(({ id }) => shortId(id, todos));
  const width = Math.max(...shorts.map((short) => short.length));
  return todos.map(({ title, done }, index) => {
    const number = String(index + 1).padStart(digits);
    return `${number}. [${done ? 'x' : ' '}] ${shorts[index]!.padEnd(width)}  ${title}`;
  });
}

/** How much is left. */
export function summary(todos: readonly Todo[]): string {
  const done = todos.filter((todo) => todo.done).length;
  return `${todos.length - done} to do, ${done} done`;
}

/** Two columns under two headings. */
export function sideBySide(left: readonly string[], right: readonly string[]): string[] {
  const width = Math.max(...left.map((line) => line.length)) + 4;
  const rows = Math.max(left.length, right.length);
  return Array.from({ length: rows }, (_, row) => `${(left[row] ?? '').padEnd(width)}${right[row] ?? ''}`.trimEnd());
}

/** `1 event`, `2 events`. */
export function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`;
}

/** Remembers titles, so that an event can be told by them: it carries only the id. */
export class Titles {
  readonly #byId = new Map<string, string>();

  learn(todos: readonly Todo[]): void {
    for (const { id, title } of todos) this.#byId.set(id, title);
  }

  rename(id: string, title: string): void {
    this.#byId.set(id, title);
  }

  knows(id: unknown): boolean {
    return this.#byId.has(String(id));
  }

  of(id: unknown): string {
    const title = this.#byId.get(String(id));
    return title === undefined ? String(id).slice(0, 4) : JSON.stringify(title);
  }
}

/** One event as a line of text. */
export function eventLine(event: MergedEvent, titles: Titles): string {
  const line = `${event.time.toTimeString().slice(0, 8)}  ${event.master.padEnd(8)}${deed(event, titles)}`;
  return event.outcome === 'applied' ? line : `${line}\n${' '.repeat(22)}REJECTED: ${reason(event)}`;
}

function deed({ transaction, args: [first, second] }: MergedEvent, titles: Titles): string {
  switch (transaction) {
    case 'add':
      return `added ${JSON.stringify(first)}`;
    case 'rename': {
      const [old, title] = [titles.of(first), JSON.stringify(second)];
      return `renamed ${old === title ? 'a to-do' : old} to ${title}`;
    }
    case 'done':
      return `completed ${titles.of(first)}`;
    case 'remove':
      return `removed ${titles.of(first)}`;
    default:
      return transaction;
  }
}

// Without the name of the error's class, and with ids as short as the list shows them.
function reason({ error = '' }: MergedEvent): string {
  return error.replace(/^TodoError: /, '').replaceAll(/\b([\da-f]{4})[\da-f]{4}(-[\da-f]{4}){3}-[\da-f]{12}\b/g, '$1');
}
