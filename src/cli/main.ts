#!/usr/bin/env node
import { readFileSync, realpathSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { JournalDamagedError, SnapshotDamagedError } from '../errors.js';
import { printable } from '../printable.js';
import { backup } from './backup.js';
import { disown, type DisownOptions } from './disown.js';
import { exportEvents } from './export.js';
import type { Print } from './folder.js';
import { log, type LogOptions } from './log.js';
import { privateDirectories, type PrivateOptions } from './private.js';
import { repair, type RepairOptions } from './repair.js';
import { status } from './status.js';
import { verify, type VerifyOptions } from './verify.js';

/** The exit code of a command that found what it looked for: damage. */
const DAMAGED = 2;

/**
 * The `prevalent` command. All but `repair --cut` and `disown` change nothing in a shared folder; all but `verify --model` need no model.
 *
 * @param output takes each line, in which nothing controls a terminal; of `export`, the lines as they stand in the journals
 * @param warnings takes what does not belong among the lines of a listing
 */
export function program(
  output: Print,
  exit: (code: number) => void = () => undefined,
  warnings: Print = output,
): Command {
  const print: Print = (line) => output(printable(line));
  const warn: Print = (line) => warnings(printable(line));
  const command = new Command('prevalent')
    .description('Looks into the shared folder of a Prevalent model')
    .version(packageVersion());
  const add = (name: string, description: string): Command =>
    command.command(name).description(description).argument('<folder>', 'the shared folder');
  const report = (problems: number): void => {
    if (problems > 0) exit(DAMAGED);
  };
  add(
    'status',
    'list the streams of a folder: how many events each has published, and what is missing or damaged',
  ).action(async (folder: string) => {
    report(await status(folder, print));
  });
  add('log', 'list the published events of all masters in their final order')
    .option('--json', 'one JSON object per line, as in the journals')
    .option('--master <name>', 'only events of this master')
    .action(async (folder: string, options: LogOptions) => {
      report(await log(folder, options, print, warn));
    });
  add('verify', 'check every checksum, number, frontier and snapshot; with a model, replay everything as well')
    .option(
      '--model <file#Class>',
      'a module and the model it exports, TypeScript through tsx; compares each snapshot with a full replay',
    )
    .action(async (folder: string, options: VerifyOptions) => {
      report(await verify(folder, options, print));
    });
  add('backup', 'copy everything published to a new folder, as one moment, while masters may run')
    .argument('<target>', 'a folder that is empty or not there')
    .action(async (folder: string, target: string) => {
      report(await backup(folder, target, print));
    });
  add(
    'export',
    'print all published events in their final order, one JSON object per line, whatever their number',
  ).action(async (folder: string) => {
    report(await exportEvents(folder, output, warn));
  });
  add('repair', 'tell what is damaged in the journals of a master of this machine, and cut it off if asked to')
    .argument('<master>', 'name of the master, which must not run')
    .option('--local <directory>', 'its private directory, if it was opened with one')
    .option('--cut', 'cut at the first damage; what is cut is kept in .rejected files')
    .action(async (folder: string, master: string, options: RepairOptions) => {
      report(await repair(folder, master, options, print));
    });
  add(
    'disown',
    'take back calls that a master of this machine made while its clock ran ahead, and that nobody has accepted',
  )
    .argument('<master>', 'name of the master, which must not run')
    .requiredOption('--after <id>', 'the last call that stays; `log` lists the ids')
    .option('--local <directory>', 'its private directory, if it was opened with one')
    .option('--again', 'make the calls again, now')
    .option('--drop', 'do not make them again; they are kept in .rejected files')
    .action(async (folder: string, master: string, options: DisownOptions) => {
      await disown(folder, master, options, print);
    });
  command
    .command('private')
    .description('list the private directories of this user, and remove those whose shared folder is gone if asked to')
    .option('--remove', 'remove them')
    .action(async (options: PrivateOptions) => {
      await privateDirectories(options, print);
    });
  return command;
}

function packageVersion(): string {
  // As far above the sources as above what is compiled from them.
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

const started = process.argv[1];
if (started !== undefined && realpathSync(started) === fileURLToPath(import.meta.url)) {
  // Whoever reads the listing may have seen enough of it.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit();
  });
  program(
    (line) => process.stdout.write(`${process.stdout.isTTY ? printable(line) : line}\n`),
    (code) => (process.exitCode = code),
    (line) => process.stderr.write(`${line}\n`),
  )
    .parseAsync()
    .catch((error: unknown) => {
      process.stderr.write(`${printable(error instanceof Error ? error.message : String(error))}\n`);
      process.exitCode = error instanceof JournalDamagedError || error instanceof SnapshotDamagedError ? DAMAGED : 1;
    });
}
