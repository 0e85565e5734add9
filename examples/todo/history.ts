import type { Master } from 'prevalent';
import type { TodoList } from './todo-list.js';
import { count, eventLine, Titles, type TodoEvent } from './view.js';

/** The newest part of the merged history as lines of text, a heading for each day. */
export async function logLines(master: Master<TodoList>, last = 50): Promise<string[]> {
  const events: TodoEvent[] = [];
  for await (const event of master.events()) events.push(event);

  const earlier = Math.max(events.length - last, 0);
  const lines = earlier > 0 ? [`(${count(earlier, 'earlier event')})`] : [];
  const titles = currentTitles(master, events);
  let day = '';
  for (let index = earlier; index < events.length; index++) {
    const event = events[index]!;
    const before = events[index - 1];
    // What has another title now, or is gone, is named by the list as it was then.
    if (before !== undefined && event.method !== 'add' && !titles.knows(event.args[0]))
      titles.learn((await master.at(before.id)).all());
    const today = event.time.toDateString();
    if (today !== day) lines.push(today);
    day = today;
    lines.push(`  ${eventLine(event, titles)}`);
    if (event.method === 'rename' && event.outcome === 'applied') titles.rename(event.args[0], event.args[1]);
  }
  return lines;
}

/** Titles of the to-dos that were never renamed. */
function currentTitles({ model }: Master<TodoList>, events: readonly TodoEvent[]): Titles {
  const renamed = new Set(events.filter(({ method }) => method === 'rename').map(({ args }) => args[0] as unknown));
  const titles = new Titles();
  titles.learn(model.all().filter(({ id }) => !renamed.has(id)));
  return titles;
}
