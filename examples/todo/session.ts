import { Master, type MasterOptions } from 'prevalent';
import { TodoList } from './todo-list.js';

/** Who this is, and where it meets the others. */
export interface Place {
  readonly name: string;
  readonly folder: string;
  /** Begin again if the folder lacks what this master has published. */
  readonly begin?: boolean;
}

/** Opens a master of the list. Trouble that no call could have told goes to stderr. */
export async function openList(
  { name, folder, begin = false }: Place,
  options?: Partial<MasterOptions>,
): Promise<Master<TodoList>> {
  const master = await Master.open(TodoList, { ...options, name, begin, store: folder });
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
export async function withList<T>(place: Place, act: (master: Master<TodoList>) => T | Promise<T>): Promise<T> {
  const master = await openList(place);
  try {
    await master.sync();
    const result = await act(master);
    await master.sync();
    return result;
  } finally {
    await master.close();
  }
}
