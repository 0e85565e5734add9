import { createHash } from 'node:crypto';
import { realpath, stat, unlink } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
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
 * @throws MasterLockedError (`MASTER_LOCKED`) if another process, or this one, holds it
 */
export async function takeLock(directory: string, master: string): Promise<Lock> {
  const refused = new MasterLockedError(
    `The master "${master}" is open in another process or worker (or twice in this one). Close it there, or give this one another name.`,
  );
  const held: Server[] = [];
  const release = async (): Promise<void> => {
    await Promise.all(held.map(closed));
  };
  try {
    for (const name of await namesOf(directory)) held.push(await take(socketAddress(name), refused));
  } catch (error) {
    await release();
    throw error;
  }
  return { release };
}

/**
 * By its real path, so that a symbolic link to it is no way around, nor a new directory in its place. And by what the file system
 * calls it, so that another mount of it is none either.
 */
async function namesOf(directory: string): Promise<string[]> {
  const { dev, ino } = await stat(directory, { bigint: true });
  return [await realpath(directory), `${dev}:${ino}`];
}

async function take(address: string, refused: MasterLockedError): Promise<Server> {
  return listen(address).catch(async (error: unknown) => {
    if ((error as { code?: unknown }).code !== 'EADDRINUSE') throw error;
    if (process.platform === 'linux' || process.platform === 'win32' || (await answers(address))) throw refused;
    // A socket file that nobody answers was left by a crash.
    await unlink(address);
    return listen(address).catch(() => {
      throw refused;
    });
  });
}

function socketAddress(of: string): string {
  const name = `prevalent-${createHash('sha256').update(of).digest('hex').slice(0, 32)}`;
  if (process.platform === 'linux') return `\0${name}`;
  return process.platform === 'win32' ? `\\\\.\\pipe\\${name}` : join(tmpdir(), `${name}.sock`);
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
