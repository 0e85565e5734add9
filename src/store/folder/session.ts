import { createHash } from 'node:crypto';
import { realpathSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { isSeal } from '../frontier.js';
import type { Session } from '../opening.js';
import { type FileSystem, isMissing, readIfThere, replaceFile } from './file-system.js';

/**
 * Default private directory of one master of one shared folder, under the user's state directory. It goes by the folder's path with
 * symbolic links resolved, so that every way to a folder leads to the same one.
 */
export function defaultLocalDirectory(root: string, master: string): string {
  const place = createHash('sha256')
    .update(realPath(resolve(root)))
    .digest('hex')
    .slice(0, 16);
  return join(stateDirectory(), `${place}-${master}`);
}

/** Where the private directories of this user lie unless the option `local` names another place. */
export function stateDirectory(): string {
  const base =
    process.platform === 'win32'
      ? (process.env.LOCALAPPDATA ?? join(homedir(), 'AppData', 'Local'))
      : process.env.XDG_STATE_HOME || join(homedir(), '.local', 'state');
  return join(base, 'prevalent');
}

/** A path without symbolic links; where nothing is there yet, links above it are resolved. */
function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch (error) {
    if (!isMissing(error) || dirname(path) === path) throw error;
    return join(realPath(dirname(path)), basename(path));
  }
}

/** What this machine remembers in its private directory. */
export interface FolderSession extends Session {
  /** The private directory was lost before: at a proper end what it holds is left in the shared folder. */
  readonly leaves?: boolean | undefined;
  /** The epoch with which it was left there: whoever takes it goes on with that stream. */
  readonly left?: string | undefined;
}

/** Reads the session; one that is missing or damaged is no session, and a new epoch begins. */
export async function readSession(fs: FileSystem, local: string): Promise<FolderSession | undefined> {
  const bytes = await readIfThere(fs, `${local}/session.json`);
  return bytes && sessionIn(bytes)?.session;
}

/** What a text tells; of one that was left in a folder, also which file it was left with. */
export function sessionIn(bytes: Uint8Array): { session: FolderSession; file: string | undefined } | undefined {
  try {
    const {
      session,
      epoch,
      head,
      seal,
      deletable = 0,
      seen,
      moved = {},
      ends = {},
      leaves,
      left,
      file,
    } = JSON.parse(new TextDecoder().decode(bytes)) as Partial<FolderSession> & { file?: string };
    if (typeof session !== 'string') return undefined;
    const remembered = { head: head ?? undefined, seal: isSeal(seal) ? seal : undefined, deletable, moved, ends };
    const stays = { ...(leaves === true ? { leaves } : {}), ...(typeof left === 'string' ? { left } : {}) };
    return { session: { session, epoch, ...remembered, ...(Array.isArray(seen) ? { seen } : {}), ...stays }, file };
  } catch {
    // A torn session cannot vouch for anything, which is exactly what "no session" says.
    return undefined;
  }
}

/** Writes the session atomically. */
export async function writeSession(fs: FileSystem, local: string, session: FolderSession): Promise<void> {
  await replaceFile(fs, local, 'session.json', [new TextEncoder().encode(JSON.stringify({ v: 1, ...session }) + '\n')]);
}
