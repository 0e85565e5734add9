import type { MergedEvent } from 'prevalent';
import { fitTo, NO_SCREEN, padTo, type Screen, widthOf } from './columns.js';
import { shortId } from './find.js';
import type { Todo, TodoList } from './todo-list.js';

/** The list as lines of text: number, tick box, short id, title. */
export function listLines(todos: readonly Todo[], screen: Screen = NO_SCREEN): string[] {
  if (todos.length === 0) return ['  (empty)'];
  const digits = String(todos.length).length + 1;
  const shorts = todos.map(({ id }) => shortId(id, todos));
  const width = Math.max(...shorts.map((short) => short.length));
  return todos.map(({ title, done }, index) => {
    const number = String(index + 1).padStart(digits);
    const before = `${number}. [${done ? 'x' : ' '}] ${shorts[index]!.padEnd(width)}  `;
    const shown = fitTo(title, screen.columns - before.length);
    return before + (done ? screen.done(shown) : shown);
  });
}

/** How much is left. */
export function summary(todos: readonly Todo[]): string {
  const done = todos.filter((todo) => todo.done).length;
  return `${todos.length - done} to do, ${done} done`;
}

/** Columns of one of two lists beside each other; longer lines are cut. */
const WIDEST = 48;

/** Two columns under two headings. */
export function sideBySide(left: readonly string[], right: readonly string[]): string[] {
  const cut = left.map((line) => fitTo(line, WIDEST));
  const width = Math.max(...cut.map(widthOf)) + 4;
  const rows = Math.max(cut.length, right.length);
  return Array.from({ length: rows }, (_, row) => {
    return `${padTo(cut[row] ?? '', width)}${fitTo(right[row] ?? '', WIDEST)}`.trimEnd();
  });
}

/** What happened to the list. */
export type TodoEvent = MergedEvent<TodoList>;

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
export function eventLine(event: TodoEvent, titles: Titles): string {
  const line = `${event.time.toTimeString().slice(0, 8)}  ${event.master.padEnd(8)}${deed(event, titles)}`;
  return event.outcome === 'applied' ? line : `${line}\n${' '.repeat(22)}REJECTED: ${reason(event)}`;
}

function deed(event: TodoEvent, titles: Titles): string {
  switch (event.method) {
    case 'add':
      return `added ${JSON.stringify(event.args[0])}`;
    case 'rename': {
      const [old, title] = [titles.of(event.args[0]), JSON.stringify(event.args[1])];
      return `renamed ${old === title ? 'a to-do' : old} to ${title}`;
    }
    case 'done':
      return `completed ${titles.of(event.args[0])}`;
    case 'remove':
      return `removed ${titles.of(event.args[0])}`;
    default:
      return event.transaction;
  }
}

// Without the name of the error's class, and with ids as short as the list shows them.
function reason({ error = '' }: TodoEvent): string {
  return error.replace(/^TodoError: /, '').replaceAll(/\b([\da-f]{4})[\da-f]{4}(-[\da-f]{4}){3}-[\da-f]{12}\b/g, '$1');
}
