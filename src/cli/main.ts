#!/usr/bin/env node
import { realpathSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { InvalidOptionError } from '../errors.js';
import { ulidTime } from '../event/ulid.js';
import { mergedEvents, readFolder } from './folder-report.js';

/** Where a command writes its lines; tests pass their own. */
export type Print = (line: string) => void;

/** The `prevalent` command; reads shared folders without a model and changes nothing in them. */
export function program(print: Print): Command {
  const command = new Command('prevalent').description('Looks into the shared folder of a Prevalent model');
  command
    .command('status')
    .description('list the streams of a folder: how many events each has published, and what is missing or damaged')
    .argument('<folder>', 'the shared folder')
    .action((folder: string) => status(folder, print));
  command
    .command('log')
    .description('list the published events of all masters in their final order')
    .argument('<folder>', 'the shared folder')
    .option('--json', 'one JSON object per line, as in the journals')
    .option('--master <name>', 'only events of this master')
    .action((folder: string, options: { json?: true; master?: string }) => log(folder, options, print));
  return command;
}

async function status(folder: string, print: Print): Promise<void> {
  await refuseMissing(folder);
  const reports = await readFolder(folder);
  if (reports.length === 0) print(`No master has written to ${folder} yet.`);
  for (const { stream, frontier, events, trouble } of reports) {
    const head = frontier?.head;
    const last =
      head === undefined ? 'no events' : `${head.seq} events, the last at ${new Date(ulidTime(head.id)).toISOString()}`;
    print(
      `${stream.master}@${stream.epoch}: ${last}${trouble === undefined ? '' : ` — ${trouble}`}${events.length === (head?.seq ?? 0) ? '' : ` (${events.length} readable)`}`,
    );
  }
}

async function log(folder: string, options: { json?: true; master?: string }, print: Print): Promise<void> {
  await refuseMissing(folder);
  for (const event of mergedEvents(await readFolder(folder))) {
    if (options.master !== undefined && event.master !== options.master) continue;
    if (options.json === true) print(JSON.stringify(event));
    else
      print(
        `${new Date(ulidTime(event.id)).toISOString()}  ${event.id}  ${event.master}#${event.seq}  ${event.tx}${JSON.stringify(event.args)}`,
      );
  }
}

async function refuseMissing(folder: string): Promise<void> {
  const found = await stat(folder).catch(() => undefined);
  if (found?.isDirectory() !== true)
    throw new InvalidOptionError(`${folder} is no folder; give the shared folder that your masters use`);
}

const started = process.argv[1];
if (started !== undefined && realpathSync(started) === fileURLToPath(import.meta.url)) {
  program((line) => process.stdout.write(`${line}\n`))
    .parseAsync()
    .catch((error: unknown) => {
      process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
      process.exitCode = 1;
    });
}
