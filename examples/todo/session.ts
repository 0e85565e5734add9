import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { FolderStore, Master, type MasterOptions } from 'prevalent';
import { TodoError, TodoList } from './todo-list.js';

/** Who this is, and where it meets the others. */
export interface Place {
  readonly name: string;
  readonly folder: string;
  /** Begin again if the folder lacks what this master has published. */
  readonly begin?: boolean;
}

/** Whether somebody has written in a folder. */
async function isBegun(folder: string): Promise<boolean> {
  return existsSync(folder) && (await new FolderStore(folder).streams()).length > 0;
}

/** How a command opens the list. */
export interface Opened {
  readonly options?: Partial<MasterOptions>;
  /** It may be the first in a new folder beside others; it says so then. */
  readonly mayBegin?: boolean;
}

/**
 * Opens a master of the list. Trouble that no call could have told goes to stderr.
 *
 * @throws TodoError if nobody has written in the folder: one that is mistyped must not look like an empty list
 */
export async function openList(
  { name, folder, begin = false }: Place,
  { options, mayBegin = false }: Opened = {},
): Promise<Master<TodoList>> {
  const isNew = !(await isBegun(folder));
  if (isNew && !begin && !(mayBegin && existsSync(dirname(resolve(folder)))))
    throw new TodoError(
      `there is no list in ${resolve(folder)}. Is the path right, and the drive mounted? To begin one, "add" a to-do in a folder that is there, or pass --begin`,
    );
  const master = await Master.open(TodoList, { ...options, name, begin, store: folder });
  if (isNew) console.log(`There was no list in ${folder}; this is a new one.`);
  for (const notice of (await master.status()).notices) console.error(`Note: ${notice}`);
  master.on('error', (error) => {
    console.error(`Error: ${error.message}`);
  });
  master.on('held', ({ master: other, message }) => {
    console.error(`Waiting for ${other}: ${message}`);
  });
  return master;
}

/** Opens, syncs, acts, syncs, closes: what every short command does. */
export async function withList<T>(
  place: Place,
  act: (master: Master<TodoList>) => T | Promise<T>,
  opened: Opened = {},
): Promise<T> {
  const master = await openList(place, opened);
  try {
    await master.sync();
    const result = await act(master);
    await master.sync();
    return result;
  } finally {
    await master.close();
  }
}
