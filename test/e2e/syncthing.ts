/** Two real Syncthings on this machine that share a folder, on loopback only, with the settings a new folder has. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { find } from '../provision.mjs';

export const syncthing = find('syncthing');

const STARTING_MS = 60_000;

/** What a folder has that is added in the web page; what is left out of the file is off. */
const USUAL =
  'rescanIntervalS="3600" fsWatcherEnabled="true" fsWatcherDelayS="10" autoNormalize="true" maxConflicts="10"';

interface Device {
  readonly id: string;
  readonly name: string;
  readonly port: number;
}

/** A port that nobody listens on now. */
async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('There is no port');
  return address.port;
}

/** One Syncthing, and the folder it keeps. */
export class Syncthing {
  readonly name: string;
  readonly folder: string;
  readonly #home: string;
  readonly #gui: number;
  #device: Device | undefined;
  #others: readonly Device[] = [];
  #process: ChildProcess | undefined;

  private constructor(name: string, path: string, gui: number) {
    this.name = name;
    this.folder = join(path, name, 'shared');
    this.#home = join(path, name, 'syncthing');
    this.#gui = gui;
  }

  /** Makes those that share a folder; none of them runs. */
  static async sharing(path: string, names: readonly string[]): Promise<Syncthing[]> {
    const made: Syncthing[] = [];
    for (const name of names) made.push(await Syncthing.#make(path, name));
    const devices = made.map((one) => one.#device).filter((device) => device !== undefined);
    for (const one of made) {
      one.#others = devices;
      writeFileSync(join(one.#home, 'config.xml'), one.#config());
    }
    return made;
  }

  static async #make(path: string, name: string): Promise<Syncthing> {
    const made = new Syncthing(name, path, await freePort());
    for (const directory of [made.folder, made.#home]) mkdirSync(directory, { recursive: true });
    const run = (...args: string[]): string =>
      execFileSync(syncthing ?? 'syncthing', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    run(`-generate=${made.#home}`, '-no-default-folder');
    const id = run(`-home=${made.#home}`, '-device-id').trim();
    made.#device = { id, name, port: await freePort() };
    return made;
  }

  #config(): string {
    const devices = this.#others.map(({ id, name, port }) => {
      const address = `<address>tcp://127.0.0.1:${port}</address>`;
      return `<device id="${id}" name="${name}">${address}</device>`;
    });
    const members = this.#others.map(({ id }) => `<device id="${id}"></device>`);
    const off = [
      'globalAnnounceEnabled',
      'localAnnounceEnabled',
      'relaysEnabled',
      'natEnabled',
      'startBrowser',
      'crashReportingEnabled',
      'announceLANAddresses',
    ].map((option) => `<${option}>false</${option}>`);
    return [
      '<configuration version="35">',
      `<folder id="shared" label="shared" path="${this.folder}" type="sendreceive" ${USUAL}>${members.join('')}</folder>`,
      ...devices,
      `<gui enabled="true"><address>127.0.0.1:${this.#gui}</address><apikey>test</apikey></gui>`,
      `<options><listenAddress>tcp://127.0.0.1:${this.#device?.port}</listenAddress>${off.join('')}`,
      '<urAccepted>-1</urAccepted><autoUpgradeIntervalH>0</autoUpgradeIntervalH></options>',
      '</configuration>',
    ].join('\n');
  }

  /** Resolves when it answers. */
  async start(): Promise<void> {
    const args = [`-home=${this.#home}`, '-no-browser', '-no-restart', '-no-upgrade'];
    const child = spawn(syncthing ?? 'syncthing', args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, STNOUPGRADE: '1' },
    });
    this.#process = child;
    const log = createWriteStream(join(this.#home, 'log.txt'), { flags: 'a' });
    child.stdout.pipe(log);
    child.stderr.pipe(log, { end: false });
    const ended = once(child, 'exit').then(([code]) => {
      throw new Error(`Syncthing of ${this.name} ended with code ${String(code)}`);
    });
    ended.catch(() => undefined);
    await Promise.race([this.#answers(), ended]);
  }

  async #answers(): Promise<void> {
    const end = Date.now() + STARTING_MS;
    while (Date.now() < end) {
      const answer = await this.#get('/rest/system/ping').catch(() => undefined);
      if (answer?.ok === true) return;
      await pause(200);
    }
    throw new Error(`Syncthing of ${this.name} does not answer`);
  }

  #get(path: string): Promise<Response> {
    return fetch(`http://127.0.0.1:${this.#gui}${path}`, { headers: { 'X-API-Key': 'test' } });
  }

  async stop(): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (child === undefined || child.exitCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGTERM');
    await gone;
  }

  /** For good, at the end of a test that failed as well. */
  abandon(): void {
    this.#process?.kill('SIGKILL');
  }

  /** Names of all files in its folder. */
  files(): string[] {
    return readdirSync(this.folder, { recursive: true, encoding: 'utf8' });
  }
}
