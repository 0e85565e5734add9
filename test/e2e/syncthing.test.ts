/**
 * Two masters in a folder that two real Syncthings keep, each of which calls 20 times a second without a pause. Everything arrives while they
 * call, and all of it in the end. `PREVALENT_SYNCTHING_SECONDS` says how long they call.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { compile } from './compiled.js';
import { Syncthing, syncthing } from './syncthing.js';
import type { CarriedReport } from './syncthing-child.js';

// In CI it is there, or the run has failed before.
const carried = syncthing === undefined && process.env['CI'] !== 'true' ? test.skip : test;
const isDeep = process.env['PREVALENT_DEEP'] !== undefined;
const SECONDS = Number(process.env['PREVALENT_SYNCTHING_SECONDS'] ?? (isDeep ? 300 : 15));
const RATE = 20;
/** So long (s) something may take that has to come: it ends a test that hangs, and none that is slow. */
const PATIENCE = 600;
/** What the protocol promises for this load, in seconds. */
const [MEDIAN, MOST] = [15, 40];

type Told = Extract<CarriedReport, { kind: 'told' }>;

/** A master in a process of its own. */
class Worker {
  readonly #name: string;
  readonly #args: readonly string[];
  readonly #script: string;
  #child: ChildProcess | undefined;
  #waiting: { kind: string; resolve: (report: CarriedReport) => void; reject: (error: Error) => void } | undefined;
  readonly lags: number[] = [];
  readonly failures: string[] = [];

  constructor(script: string, name: string, shared: string, local: string) {
    this.#script = script;
    this.#name = name;
    this.#args = [name, shared, local, String(RATE)];
  }

  async start(): Promise<void> {
    const child = fork(this.#script, [...this.#args], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    this.#child = child;
    child.on('message', (message) => {
      const report = message as CarriedReport;
      if (report.kind === 'failed') this.failures.push(`${this.#name}: ${report.why}`);
      if (report.kind === this.#waiting?.kind) this.#waiting.resolve(report);
    });
    child.on('exit', () => {
      this.#waiting?.reject(new Error(`${this.#name} ended: ${this.failures.join('; ')}`));
    });
    await this.#heard('open');
  }

  #heard(kind: CarriedReport['kind']): Promise<CarriedReport> {
    return new Promise((resolve, reject) => {
      this.#waiting = { kind, resolve, reject };
    });
  }

  async tells(): Promise<Told> {
    const heard = this.#heard('told');
    this.order('tell');
    const told = (await heard) as Told;
    this.lags.push(...told.lags);
    return told;
  }

  order(order: 'rest' | 'call' | 'tell'): void {
    this.#child?.send(order);
  }

  async close(): Promise<void> {
    await this.tells();
    const gone = once(this.#child!, 'exit');
    this.#child!.send('close');
    await gone;
    this.#child = undefined;
  }

  abandon(): void {
    this.#child?.kill('SIGKILL');
  }
}

/** Looks every second until something is so, as long as that may take. */
async function until(isSo: () => Promise<boolean>): Promise<boolean> {
  for (let second = 0; second < PATIENCE; second++) {
    if (await isSo()) return true;
    await pause(1_000);
  }
  return false;
}

const share = (values: readonly number[], part: number): number =>
  ([...values].sort((left, right) => left - right)[Math.floor((values.length - 1) * part)] ?? Infinity) / 1_000;

carried('nothing starves between two busy masters, and one side may stop and come back', async () => {
  const path = mkdtempSync(join(tmpdir(), 'prevalent-syncthing-'));
  const compiled = compile(['test/e2e/syncthing-child.ts']);
  const [left, right] = (await Syncthing.sharing(path, ['left', 'right'])) as [Syncthing, Syncthing];
  const script = compiled.path('test/e2e/syncthing-child.ts');
  const workers = [left, right].map(({ name, folder }) => new Worker(script, name, folder, join(path, name, 'local')));
  const [one, two] = workers as [Worker, Worker];
  try {
    await Promise.all([left.start(), right.start()]);
    await Promise.all([one.start(), two.start()]);
    // Syncthing keeps a directory back that was made just now, and in which something changes all the time, for a minute.
    const areMet = await until(async () =>
      (await Promise.all([one.tells(), two.tells()])).every(({ masters }) => masters === 2),
    );
    expect(areMet).toBe(true);
    for (const worker of workers) worker.order('call');
    const begun = Date.now();
    await pause(SECONDS * 1_000);
    await until(async () => {
      await Promise.all([one.tells(), two.tells()]);
      return workers.every(({ lags }) => lags.length > 0);
    });
    const busy = workers.map(({ lags }) => [...lags]);
    const seconds = (Date.now() - begun) / 1_000;
    for (const [index, lags] of busy.entries())
      console.log(
        `${index === 0 ? 'right to left' : 'left to right'}: ${lags.length} of some ${Math.round(seconds * RATE)} calls seen in ${seconds.toFixed(0)} s of calling, ` +
          `median ${share(lags, 0.5).toFixed(1)} s, 95 % ${share(lags, 0.95).toFixed(1)} s, maximum ${share(lags, 1).toFixed(1)} s`,
      );
    // Both directions moved while nobody paused.
    for (const lags of busy) expect(lags.length).toBeGreaterThan(0);
    if (isDeep) {
      for (const lags of busy) {
        expect(share(lags, 0.5)).toBeLessThanOrEqual(MEDIAN);
        expect(share(lags, 1)).toBeLessThanOrEqual(MOST);
      }
    }
    await two.close();
    await right.stop();
    await pause(3_000);
    await right.start();
    await two.start();
    two.order('call');
    await pause(3_000);
    for (const worker of workers) worker.order('rest');
    let [here, there] = [await one.tells(), await two.tells()];
    const isSame = await until(async () => {
      [here, there] = [await one.tells(), await two.tells()];
      return here.hash === there.hash;
    });
    expect([isSame, here.made]).toEqual([true, there.made]);
    for (const { files, name } of [left, right].map((side) => ({ name: side.name, files: side.files() }))) {
      expect(files.filter((file) => file.includes('.sync-conflict-'))).toEqual([]);
      console.log(`${name}: ${files.length} names in the folder, ${here.made} calls`);
    }
    await Promise.all([one.close(), two.close()]);
    expect(workers.flatMap(({ failures }) => failures)).toEqual([]);
    expect(readdirSync(left.folder).filter((name) => name === 'left' || name === 'right')).toHaveLength(2);
  } finally {
    for (const worker of workers) worker.abandon();
    for (const side of [left, right]) side.abandon();
    compiled.remove();
    rmSync(path, { recursive: true, force: true, maxRetries: 10 });
  }
});
