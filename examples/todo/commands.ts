import type { DeepReadonly, Master } from 'prevalent';
import { screenOf } from './columns.js';
import { findTodo, shortId } from './find.js';
import { logLines } from './history.js';
import { type Opened, type Place, withList } from './session.js';
import type { Todo, TodoList } from './todo-list.js';
import { count, listLines, summary } from './view.js';

export async function list(place: Place): Promise<void> {
  await withList(place, ({ model }) => {
    const todos = model.all();
    print([...listLines(todos, screenOf(process.stdout)), summary(todos)]);
  });
}

export async function add(place: Place, title: string): Promise<void> {
  await change(place, 'Added', (model) => model.add(title), { mayBegin: true });
}

export async function rename(place: Place, which: string, title: string): Promise<void> {
  await change(place, 'Renamed', (model) => model.rename(findTodo(model.all(), which).id, title));
}

export async function done(place: Place, which: string): Promise<void> {
  await change(place, 'Completed', (model) => model.done(findTodo(model.all(), which).id));
}

export async function remove(place: Place, which: string): Promise<void> {
  await change(place, 'Removed', (model) => model.remove(findTodo(model.all(), which).id));
}

export async function log(place: Place): Promise<void> {
  await withList(place, async (master) => {
    const lines = await logLines(master);
    print(lines.length === 0 ? ['Nothing happened yet.'] : lines);
  });
}

export async function sync(place: Place): Promise<void> {
  await withList(place, async (master) => {
    const { streams, held } = await master.status();
    const events = new Map<string, number>();
    for (const [stream, { accepted: seq }] of Object.entries(streams)) {
      const name = stream.replace(/@.*/, '');
      events.set(name, (events.get(name) ?? 0) + seq);
    }
    print([`In step in ${place.folder}:`]);
    for (const [name, number] of [...events].sort()) print([`  ${name.padEnd(12)} ${count(number, 'event')}`]);
    if (events.size === 0) print(['  no events yet']);
    if (held.length > 0) print([`${count(held.length, 'journal')} not complete yet; sync again later.`]);
    const rejected = master.rejections().length;
    if (rejected > 0) print([`${count(rejected, 'call')} rejected; "log" shows why.`]);
    print([summary(master.model.all())]);
  });
}

async function change(
  place: Place,
  verb: string,
  act: (model: DeepReadonly<TodoList>) => Todo,
  opened?: Opened,
): Promise<void> {
  const work = async (master: Master<TodoList>): Promise<void> => {
    const line = await master.transact((model) => {
      const { id, title } = act(model);
      return `${verb} ${shortId(id, model.all())}: ${JSON.stringify(title)}.`;
    });
    print([`${line} ${summary(master.model.all())}.`]);
  };
  await withList(place, work, opened);
}

function print(lines: readonly string[]): void {
  for (const line of lines) console.log(line);
}
