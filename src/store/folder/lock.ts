import { createHash } from 'node:crypto';
import { realpath, stat, unlink } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { MasterLockedError } from '../../errors.js';

/** A lock that is held until it is released or the process ends, however it ends. */
export interface Lock {
  release(): Promise<void>;
}

/**
 * Takes the lock of a private directory by listening on local sockets named after it, which the operating system closes
 * with the process: abstract sockets on Linux, named pipes on Windows, elsewhere socket files whose liveness is tried.
 *
 * @param platform as Node names it; tests name another
 * @throws MasterLockedError (`MASTER_LOCKED`) if another process, or this one, holds it
 */
export async function takeLock(
  directory: string,
  master: string,
  platform: NodeJS.Platform = process.platform,
): Promise<Lock> {
  const refused = new MasterLockedError(
    `The master "${master}" is open in another process or worker (or twice in this one). Close it there, or give this one another name.`,
  );
  const held: Server[] = [];
  // Also when it is asked again: a journal whose end could not be written is closed once more.
  const release = async (): Promise<void> => {
    await Promise.all(held.splice(0).map(closed));
  };
  try {
    for (const address of await addressesOf(directory, platform)) held.push(await take(address, platform, refused));
  } catch (error) {
    await release();
    throw error;
  }
  return { release };
}

/**
 * By its real path, so that a symbolic link to it is no way around, nor a new directory in its place. And by what the file system
 * calls it, so that another mount of it is none either; a socket file in the directory itself is that.
 */
async function addressesOf(directory: string, platform: NodeJS.Platform): Promise<string[]> {
  const path = await realpath(directory);
  const { dev, ino } = await stat(directory, { bigint: true });
  const names = [path, `${dev}:${ino}`].map((of) => `prevalent-${hashOf(of)}`);
  if (platform === 'linux') return names.map((name) => `\0${name}`);
  if (platform === 'win32') return names.map((name) => `\\\\.\\pipe\\${name}`);
  // Not in $TMPDIR: programs of one user may have different ones, and what is left there for long is removed.
  const inside = join(path, 'lock.sock');
  const files = names.map((name) => `/tmp/${name}.sock`);
  return Buffer.byteLength(inside) > MOST_PATH_BYTES ? files : [files[0] as string, inside];
}

/** Systems cut a longer path of a socket off without a word, so that different ones would meet. */
const MOST_PATH_BYTES = 100;

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 32);
}

async function take(address: string, platform: NodeJS.Platform, refused: MasterLockedError): Promise<Server> {
  return listen(address).catch(async (error: unknown) => {
    if ((error as { code?: unknown }).code !== 'EADDRINUSE') throw error;
    if (platform === 'linux' || platform === 'win32' || (await answers(address))) throw refused;
    // A socket file that nobody answers was left by a crash.
    await unlink(address);
    return listen(address).catch(() => {
      throw refused;
    });
  });
}

function listen(path: string): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.once('error', reject);
    // Else the workers of a cluster would share one socket, and each would think that it holds the lock.
    server.listen({ path, exclusive: true }, () => {
      // A lock must not keep a program alive that has nothing else to do.
      server.unref();
      resolve(server);
    });
  });
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve, reject) => {
    server.close((error) => {
      if (error === undefined) resolve();
      else reject(error);
    });
  });
}

function answers(address: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(address, () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => {
      resolve(false);
    });
  });
}
