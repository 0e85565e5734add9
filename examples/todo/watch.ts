import { clearScreenDown, cursorTo } from 'node:readline';
import { fitTo, screenOf } from './columns.js';
import { openList, type Place } from './session.js';
import { eventLine, listLines, summary, Titles, type TodoEvent } from './view.js';

/** How many of the newest events stand below the list. */
const NEWEST = 8;

/** Shows the list and what the others do, as it arrives, until Ctrl-C: on a terminal in place, else line after line. */
export async function watch(place: Place): Promise<void> {
  const master = await openList(place, { options: { autoSync: { everyMs: 500 } } });
  const { stdout } = process;
  const titles = new Titles();
  const help = `Watching ${place.folder} as ${place.name}; change the list from another terminal. Ctrl-C ends.`;
  const news: string[] = [];
  const list = (): string[] => {
    const todos = master.model.all();
    titles.learn(todos);
    return [...listLines(todos, screenOf(stdout)), summary(todos)];
  };
  const show = stdout.isTTY
    ? (): void => {
        const below = ['', ...news.slice(-NEWEST), '', help].map((line) => fitTo(line, stdout.columns));
        const above = list();
        // What scrolled away could not be drawn again.
        const room = Math.max(stdout.rows - below.length - 1, 1);
        cursorTo(stdout, 0, 0);
        clearScreenDown(stdout);
        print([...(above.length > room ? ['…', ...above.slice(above.length - room + 1)] : above), ...below]);
      }
    : (): void => {
        print([...list(), '']);
      };
  const tell = (line: string): void => {
    news.push(...line.split('\n'));
    if (stdout.isTTY) show();
    else console.log(line);
  };

  const stopped = new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, resolve);
    // Nobody reads any more.
    stdout.on('error', resolve);
  });
  show();
  if (!stdout.isTTY) console.log(`${help}\n`);

  master.on('event', (event: TodoEvent) => {
    tell(eventLine(event, titles));
  });
  master.on('reordered', (event: TodoEvent) => {
    tell(`Changed by a late event: ${eventLine(event, titles)}`);
  });
  master.on('synced', ({ received }) => {
    if (received > 0) show();
  });
  stdout.on('resize', show);

  await stopped;
  await master.close();
  console.log('Stopped.');
}

function print(lines: readonly string[]): void {
  for (const line of lines) console.log(line);
}
