import { createHash } from 'node:crypto';
import { realpath, unlink } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MasterLockedError } from '../../errors.js';

/** A lock that is held until it is released or the process ends, however it ends. */
export interface Lock {
  release(): Promise<void>;
}

/**
 * Takes the lock of a private directory by listening on a local socket named after it, which the operating system closes
 * with the process: an abstract socket on Linux, a named pipe on Windows, elsewhere a socket file whose liveness is tried.
 *
 * @throws MasterLockedError (`MASTER_LOCKED`) if another process, or this one, holds it
 */
export async function takeLock(directory: string, master: string): Promise<Lock> {
  // By its real path, so that a symbolic link to it is no way around.
  const address = socketAddress(await realpath(directory));
  const refused = new MasterLockedError(
    `The master "${master}" is open in another process (or twice in this one). Close it there, or give this one another name.`,
  );
  const server = await listen(address).catch(async (error: unknown) => {
    if ((error as { code?: unknown }).code !== 'EADDRINUSE') throw error;
    if (process.platform === 'linux' || process.platform === 'win32' || (await answers(address))) throw refused;
    // A socket file that nobody answers was left by a crash.
    await unlink(address);
    return listen(address).catch(() => {
      throw refused;
    });
  });
  return {
    release: () =>
      new Promise((resolve, reject) => {
        server.close((error) => {
          if (error === undefined) resolve();
          else reject(error);
        });
      }),
  };
}

function socketAddress(directory: string): string {
  const name = `prevalent-${createHash('sha256').update(directory).digest('hex').slice(0, 32)}`;
  if (process.platform === 'linux') return `\0${name}`;
  return process.platform === 'win32' ? `\\\\.\\pipe\\${name}` : join(tmpdir(), `${name}.sock`);
}

function listen(address: string): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.once('error', reject);
    server.listen(address, () => {
      // A lock must not keep a program alive that has nothing else to do.
      server.unref();
      resolve(server);
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
