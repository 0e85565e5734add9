import { openList, type Place } from './session.js';
import { eventLine, listLines, summary, Titles } from './view.js';

/** Shows what the others do, as it arrives, until Ctrl-C. */
export async function watch(place: Place): Promise<void> {
  const master = await openList(place, { autoSync: { everyMs: 500 } });
  const titles = new Titles();
  const show = (): void => {
    const todos = master.model.all();
    titles.learn(todos);
    for (const line of [...listLines(todos), summary(todos), '']) console.log(line);
  };

  const stopped = new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, resolve);
    // Nobody reads any more.
    process.stdout.on('error', resolve);
  });
  show();
  console.log(`Watching ${place.folder} as ${place.name}; change the list from another terminal. Ctrl-C ends.\n`);

  master.on('event', (event) => {
    console.log(eventLine(event, titles));
  });
  master.on('reordered', (event) => {
    console.log(`Changed by a late event: ${eventLine(event, titles)}`);
  });
  master.on('synced', ({ received }) => {
    if (received > 0) show();
  });

  await stopped;
  await master.close();
  console.log('Stopped.');
}
