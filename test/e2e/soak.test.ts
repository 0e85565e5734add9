/**
 * Five processes on one folder for a long time: they call, sync by themselves, seal every few seconds, and are killed and started
 * again at random. `PREVALENT_SOAK_SECONDS`, `PREVALENT_SOAK_RATE` (calls a second in all) and `PREVALENT_SOAK_SEED` set its size.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { ChildReport } from './soak-child.js';
import { EFFORT } from '../effort.js';

const isDeep = EFFORT === 'deep';
const setting = (name: string, preset: number): number => Number(process.env[`PREVALENT_SOAK_${name}`] ?? preset);
const SECONDS = setting('SECONDS', isDeep ? 600 : 10);
const RATE = setting('RATE', isDeep ? 3_000 : 500);
const SEED = setting('SEED', 20261126);
const MASTERS = isDeep ? 5 : 3;
const MB = 1_000_000;
/** A run of so many seconds says something about what is bounded. */
const LONG = 60;

const root = fileURLToPath(new URL('../..', import.meta.url));
const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;

/** Mulberry32. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

type State = Extract<ChildReport, { kind: 'state' }>;

/** One master through all its lives. */
class Worker {
  readonly name: string;
  readonly #folder: string;
  #child: ChildProcess | undefined;
  /** Of the lives that ended: calls that were durable, and calls that were made. */
  #before = { durable: 0, issued: 0 };
  #now = { durable: 0, issued: 0 };
  memory = 0;
  seal = 0;
  readonly failures: string[] = [];
  #state: ((state: State) => void) | undefined;

  constructor(name: string, folder: string) {
    this.name = name;
    this.#folder = folder;
  }

  get durable(): number {
    return this.#before.durable + this.#now.durable;
  }

  get issued(): number {
    return this.#before.issued + this.#now.issued;
  }

  get runs(): boolean {
    return this.#child !== undefined;
  }

  start(): void {
    const child = fork(
      join(root, 'test/e2e/soak-child.ts'),
      [this.name, join(this.#folder, 'shared'), join(this.#folder, 'local', this.name), String(RATE / MASTERS)],
      { execArgv: ['--import', tsx], env: { ...process.env, TSX_TSCONFIG_PATH: join(root, 'tsconfig.json') } },
    );
    this.#child = child;
    child.on('message', (message) => {
      this.#hear(message as ChildReport);
    });
    child.on('exit', (code) => {
      if (code !== null && code !== 0) this.failures.push(`${this.name} ended with code ${code}`);
    });
  }

  async kill(): Promise<void> {
    const child = this.#child!;
    this.#child = undefined;
    const gone = once(child, 'close');
    child.kill('SIGKILL');
    await gone;
    this.#before = { durable: this.durable, issued: this.issued };
    this.#now = { durable: 0, issued: 0 };
  }

  state(): Promise<State> {
    return new Promise((resolve) => {
      this.#state = resolve;
      this.#child!.send('state');
    });
  }

  async close(): Promise<void> {
    const gone = once(this.#child!, 'exit');
    this.#child!.send('close');
    await gone;
  }

  abandon(): void {
    this.#child?.kill('SIGKILL');
  }

  #hear(report: ChildReport): void {
    if (report.kind === 'made')
      this.#now = { issued: report.issued, durable: Math.max(report.durable, this.#now.durable) };
    else if (report.kind === 'size') [this.memory, this.seal] = [report.memory, report.seal];
    else if (report.kind === 'state') this.#state?.(report);
    else this.failures.push(`${this.name}: ${report.why}`);
  }
}

interface Sample {
  readonly second: number;
  readonly calls: number;
  readonly journals: number;
  readonly snapshots: number;
  readonly memory: number;
  readonly seal: number;
}

function bytesBelow(folder: string, isCounted: (name: string) => boolean): number {
  let sum = 0;
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    if (isCounted(name)) sum += statSync(join(folder, name), { throwIfNoEntry: false })?.size ?? 0;
  }
  return sum;
}

function sampleOf(second: number, folder: string, workers: readonly Worker[]): Sample {
  const shared = join(folder, 'shared');
  return {
    second,
    calls: workers.reduce((sum, { durable }) => sum + durable, 0),
    journals: bytesBelow(shared, (name) => name.endsWith('.ndjson')),
    snapshots: bytesBelow(shared, (name) => name.endsWith('.snapshot')),
    memory: Math.max(...workers.map(({ memory }) => memory)),
    seal: Math.max(...workers.map(({ seal }) => seal)),
  };
}

/** Until all say the same; a late one may need several seals to be in again. */
async function settle(workers: readonly Worker[]): Promise<State[]> {
  let states: State[] = [];
  for (let round = 0; round < 60; round++) {
    states = [];
    for (const worker of workers) states.push(await worker.state());
    if (new Set(states.map(({ hash }) => hash)).size === 1) break;
  }
  return states;
}

function report(samples: readonly Sample[], kills: number): string {
  const step = Math.max(1, Math.floor(samples.length / 12));
  const rows = samples
    .filter((_, index) => (index + 1) % step === 0)
    .map(({ second, calls, journals, snapshots, memory, seal }) =>
      [second, calls, seal, (journals / MB).toFixed(1), (snapshots / MB).toFixed(1), (memory / MB).toFixed(0)].join(
        ' | ',
      ),
    );
  return [
    'seconds | durable calls | seal | journals MB | snapshots MB | most memory MB',
    ...rows,
    `kills: ${kills}`,
  ].join('\n');
}

test(
  `${MASTERS} processes, killed at random, converge; journals and memory stay bounded (seed ${SEED})`,
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'prevalent-soak-'));
    mkdirSync(join(folder, 'shared'));
    const random = randomOf(SEED);
    const workers = Array.from({ length: MASTERS }, (_, index) => new Worker(`m${index}`, folder));
    const back = new Map<Worker, number>();
    const samples: Sample[] = [];
    let kills = 0;
    try {
      for (const worker of workers) worker.start();
      for (let second = 1; second <= SECONDS; second++) {
        await pause(1_000);
        samples.push(sampleOf(second, folder, workers));
        for (const [worker, when] of back) {
          if (when > second) continue;
          back.delete(worker);
          worker.start();
        }
        if (random() > 0.15) continue;
        const worker = workers[Math.floor(random() * workers.length)]!;
        // Away for a moment as a rule, now and then for longer than the others wait.
        const away = random() < 0.2 ? 10 : 1 + Math.floor(random() * 3);
        if (!worker.runs) continue;
        await worker.kill();
        kills++;
        back.set(worker, second + away);
      }
      for (const worker of back.keys()) worker.start();
      const states = await settle(workers);
      const made = states[0]!.made;
      const text = report(samples, kills);
      if (process.env['PREVALENT_SOAK_REPORT'] !== undefined) writeFileSync(process.env['PREVALENT_SOAK_REPORT'], text);
      expect(workers.flatMap(({ failures }) => failures)).toEqual([]);
      expect(states.map(({ hash }) => hash)).toEqual(states.map(() => states[0]!.hash));
      for (const { name, durable, issued } of workers) {
        // What was durable counts once; what a kill cut off may count or not.
        expect(made[name]).toBeGreaterThanOrEqual(durable);
        expect(made[name]).toBeLessThanOrEqual(issued);
      }
      const half = samples.length >> 1;
      const most = (of: 'journals' | 'memory', from: number, to: number): number =>
        Math.max(...samples.slice(from, to).map((sample) => sample[of]));
      if (SECONDS >= LONG)
        expect(most('journals', half, samples.length)).toBeLessThan(2 * most('journals', 0, half) + 20 * MB);
      if (SECONDS >= LONG)
        expect(most('memory', half, samples.length)).toBeLessThan(1.5 * most('memory', 0, half) + 100 * MB);
      for (const worker of workers) await worker.close();
    } finally {
      for (const worker of workers) worker.abandon();
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    }
  },
  (SECONDS + 240) * 1_000,
);
