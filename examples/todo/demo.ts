import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Master, type SyncReport } from 'prevalent';
import { logLines } from './history.js';
import { TodoList } from './todo-list.js';
import { count, eventLine, listLines, sideBySide, Titles } from './view.js';

type TodoMaster = Master<TodoList>;

/** Two masters work apart, meet, and end up the same. Gives whether they did. */
export async function demo(): Promise<boolean> {
  const folder = await mkdtemp(join(tmpdir(), 'prevalent-todo-'));
  try {
    return await play(folder);
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  }
}

async function play(folder: string): Promise<boolean> {
  say('Two masters, "laptop" and "phone", share one folder. There is no server.');
  const clock = { time: new Date().setHours(9, 0, 0, 0) };
  const laptop = await open('laptop', folder, clock);
  const phone = await open('phone', folder, clock);

  heading('1. In touch: the laptop adds three things, both sync');
  laptop.model.add('Buy milk');
  const bread = laptop.model.add('Bake bread').id;
  const ada = laptop.model.add('Call Ada').id;
  await meet(laptop, phone);

  heading('2. Apart: both go on without a connection');
  laptop.model.done(bread);
  laptop.model.remove(ada);
  laptop.model.add('Book the train');
  phone.model.rename(bread, 'Bake rye bread');
  phone.model.rename(ada, 'Call Ada about the boat');
  phone.model.add('Water the plants');
  say('\n  They differ now:\n');
  compare(laptop, phone);

  heading('3. In touch again: journals are merged, late events go to their place in time');
  await meet(laptop, phone);
  say('');
  compare(laptop, phone);

  heading('4. The merged log, the same on both');
  const log = await logLines(laptop);
  say(...log.map((line) => `  ${line}`));
  say('', '  A rename after the removal has nothing left to rename: it is rejected on every master alike,');
  say('  and the phone was told. Had it come first, it would have been applied, then removed.');

  const same =
    JSON.stringify(laptop.model.all()) === JSON.stringify(phone.model.all()) &&
    JSON.stringify(log) === JSON.stringify(await logLines(phone));
  say('', same ? 'Laptop and phone are identical: same to-dos, same order, same log.' : 'Laptop and phone DIFFER.');
  await laptop.close();
  await phone.close();
  if (same) advise();
  return same;
}

/** Opens a master whose calls are shown; the demo's clock goes on by a minute with each. */
async function open(name: string, folder: string, clock: { time: number }): Promise<TodoMaster> {
  const master = await Master.open(TodoList, {
    name,
    store: join(folder, 'shared'),
    local: join(folder, 'private', name),
    now: () => clock.time,
  });
  const titles = new Titles();
  master.on('event', (event) => {
    if (event.master !== name) return;
    clock.time += 60_000;
    say(`    ${eventLine(event, titles)}`);
  });
  master.on('reordered', (event) => {
    say(`  ${name} is told that one of its calls came too late:`, `    ${eventLine(event, titles)}`);
  });
  master.subscribe(() => {
    titles.learn(master.model.all());
  });
  return master;
}

async function meet(laptop: TodoMaster, phone: TodoMaster): Promise<void> {
  report('laptop', await laptop.sync());
  report('phone', await phone.sync());
  report('laptop', await laptop.sync());
}

function report(name: string, { published, received, undone, replayed, rejected }: SyncReport): void {
  const facts = [`published ${published}`, `received ${received}`];
  if (undone > 0) facts.push(`took back ${undone} to replay ${replayed} in order`);
  if (rejected > 0) facts.push(`${count(rejected, 'call')} rejected`);
  say(`  ${name.padEnd(6)} syncs: ${facts.join(', ')}`);
}

function compare(laptop: TodoMaster, phone: TodoMaster): void {
  const column = (name: string, { model }: TodoMaster): string[] => [` ${name}`, ...listLines(model.all())];
  say(...sideBySide(column('laptop', laptop), column('phone', phone)).map((line) => `  ${line}`));
}

function advise(): void {
  say('', 'Now try it for real, in two or three terminals:');
  for (const command of [
    '--name laptop --folder ./shared add Buy milk',
    '--name desk   --folder ./shared watch',
    '--name phone  --folder ./shared list',
    '--name phone  --folder ./shared done 1',
    '--name laptop --folder ./shared log',
  ])
    say(`  npm run todo -- ${command}`);
  say('', 'The whole domain is one file: examples/todo/todo-list.ts');
}

function heading(text: string): void {
  say('', text, '');
}

function say(...lines: readonly string[]): void {
  for (const line of lines) console.log(line);
}
