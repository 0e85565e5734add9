/** The to-do list on the command line. Without a command it plays a demo. */
import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { PrevalentError } from 'prevalent';
import * as commands from './commands.js';
import { demo } from './demo.js';
import type { Place } from './session.js';
import { TodoError } from './todo-list.js';
import { watch } from './watch.js';

const WHICH = 'its number in the list, or the beginning of its id (numbers shift when others change the list)';

const program: Command = new Command('todo')
  .description('A to-do list on several masters that share a folder. Without a command: a demo in a temporary folder.')
  .version(version())
  .option('--name <name>', 'which master this is, for example laptop')
  .option('--folder <path>', 'the shared folder (default: ./shared)')
  .option(
    '--begin',
    'begin a list where none is, also if this master has published there before (else that is refused: the path may be wrong, a drive not mounted)',
  )
  .allowExcessArguments()
  .action(async () => {
    const [unknown] = program.args;
    if (unknown !== undefined) program.error(`error: there is no command "${unknown}"; see --help`);
    if (Object.keys(program.opts()).length > 0) program.help({ error: true });
    if (!(await demo())) process.exitCode = 1;
  });

program
  .command('list')
  .description('show the list')
  .action(async () => {
    await commands.list(place());
  });
program
  .command('add')
  .description('add a to-do; the first one begins a list')
  .argument('<title...>')
  .allowUnknownOption()
  .action(async (title: readonly string[]) => {
    await commands.add(place(), title.join(' '));
  });
program
  .command('done')
  .description('complete a to-do')
  .argument('<which>', WHICH)
  .action(async (which: string) => {
    await commands.done(place(), which);
  });
program
  .command('rename')
  .description('give a to-do another title')
  .argument('<which>', WHICH)
  .argument('<title...>')
  .allowUnknownOption()
  .action(async (which: string, title: readonly string[]) => {
    await commands.rename(place(), which, title.join(' '));
  });
program
  .command('remove')
  .description('remove a to-do')
  .argument('<which>', WHICH)
  .action(async (which: string) => {
    await commands.remove(place(), which);
  });
program
  .command('sync')
  .description('exchange events with the others, show who is in step')
  .action(async () => {
    await commands.sync(place());
  });
program
  .command('log')
  .description('show what happened, on all masters')
  .action(async () => {
    await commands.log(place());
  });
program
  .command('watch')
  .description('show the list and what happens as it arrives, until Ctrl-C')
  .action(async () => {
    await watch(place());
  });

function version(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

function place(): Place {
  const { name, folder = './shared', begin = false } = program.opts<Partial<Place>>();
  if (name === undefined) program.error('error: say which master this is, for example: --name laptop');
  return { name, folder, begin };
}

/** Refusals that users can act upon; anything else is a fault of this program and keeps its stack trace. */
function isExpected(error: unknown): error is Error {
  return (
    error instanceof PrevalentError || error instanceof TodoError || (error instanceof Error && 'syscall' in error)
  );
}

// A reader may stop early, as in `… log | head`; the command still does its work.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});

try {
  await program.parseAsync();
} catch (error) {
  if (!isExpected(error)) throw error;
  console.error(`error: ${error.message}`);
  process.exitCode = 1;
}
