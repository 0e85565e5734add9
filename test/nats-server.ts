/** A real nats-server for tests, on loopback only: started with JetStream on random ports, and ended by its own process id. */
import { type ChildProcess, spawn } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type ConnectionOptions, type NatsConnection } from '@nats-io/transport-node';
import { freePort } from './postgres-server.js';
import { endProcess } from './end-process.js';

export class NatsServer {
  readonly port: number;
  readonly #program: string;
  readonly #folder: string;
  readonly #arguments: readonly string[];
  #process: ChildProcess | undefined;

  private constructor(port: number, program: string, folder: string, config: string) {
    this.port = port;
    this.#program = program;
    this.#folder = folder;
    const file = join(folder, 'server.conf');
    writeFileSync(
      file,
      `jetstream { store_dir: ${JSON.stringify(join(folder, 'data'))}, max_file_store: 4GB }\n${config}\n`,
    );
    this.#arguments = ['-c', file, '-a', '127.0.0.1', '-p', String(port)];
  }

  /** @param config more lines of its configuration */
  static async start(program: string | undefined, config = ''): Promise<NatsServer> {
    const server = NatsServer.made(program, await freePort(), config);
    await server.restart();
    return server;
  }

  /** One that is not started yet. */
  static made(program: string | undefined, port: number, config: string): NatsServer {
    if (program === undefined) throw new Error('There is no nats-server here. Run: apt-get install nats-server');
    return new NatsServer(port, program, mkdtempSync(join(tmpdir(), 'prevalent-nats-')), config);
  }

  /** A cluster of three on loopback. */
  static async cluster(program: string | undefined): Promise<NatsServer[]> {
    const [ports, routes] = [await ports3(), await ports3()];
    const all = routes.map((port) => `nats://127.0.0.1:${port}`).join(', ');
    const servers = ports.map((port, index) =>
      NatsServer.made(
        program,
        port,
        `server_name: n${index}\ncluster { name: c, listen: "127.0.0.1:${routes[index] ?? 0}", routes: [${all}] }`,
      ),
    );
    await Promise.all(servers.map((server) => server.restart()));
    return servers;
  }

  /** Starts it again, after it was killed. */
  async restart(): Promise<void> {
    const child = spawn(this.#program, this.#arguments, { cwd: this.#folder, stdio: ['ignore', 'ignore', 'pipe'] });
    this.#process = child;
    const log: string[] = [];
    const isReady = await new Promise<boolean>((resolve) => {
      child.stderr.on('data', (data: Buffer) => {
        log.push(data.toString());
        if (data.includes('Server is ready')) resolve(true);
      });
      child.on('close', () => resolve(false));
    });
    if (!isReady) throw new Error(`nats-server does not start: ${log.join('')}`);
  }

  /** Ends it at once, as if the machine had stopped. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  /** What it holds, while it is stopped: gives what puts it back. */
  backup(): () => void {
    const data = join(this.#folder, 'data');
    const copy = join(this.#folder, 'copy');
    cpSync(data, copy, { recursive: true });
    return () => {
      rmSync(data, { recursive: true, force: true });
      cpSync(copy, data, { recursive: true });
    };
  }

  /** Ends it, and removes what it held. */
  async stop(): Promise<void> {
    await this.#end('SIGKILL');
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 5 });
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    await endProcess(child, signal);
  }

  get url(): string {
    return `nats://127.0.0.1:${this.port}`;
  }

  /** A connection to it, made again whenever it is lost. */
  connect(options: ConnectionOptions = {}): Promise<NatsConnection> {
    return connect({ servers: this.url, maxReconnectAttempts: -1, reconnectTimeWait: 50, ...options });
  }
}

async function ports3(): Promise<number[]> {
  return [await freePort(), await freePort(), await freePort()];
}
