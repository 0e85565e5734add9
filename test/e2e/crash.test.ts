/** Real processes that are killed while they write: what they printed as durable is there, once, in order and whole. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Master } from '../../src/index.js';
import { byEffort } from '../effort.js';
import { type Compiled, compile } from './compiled.js';
import { CrashLog } from './crash-model.js';

const KILLS = byEffort({ quick: 40, ci: 200, deep: 2_000 });
/** Kills of one folder; then a new one, so that the journal stays short. */
const KILLS_EACH = 20;
const SEED = Number(process.env.PREVALENT_SEED ?? 20_260_601);

/** Mulberry32. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A process that has loaded everything and waits for its turn. */
class Victim {
  readonly acknowledged: string[] = [];
  readonly #child: ChildProcess;
  readonly #closed: Promise<unknown>;
  readonly #loaded: Promise<void>;
  #out = '';
  #err = '';
  #onLine: (line: string) => void = () => undefined;

  constructor(script: string, folder: string, run: string) {
    this.#child = spawn(process.execPath, [script, join(folder, 'shared'), join(folder, 'local'), run]);
    this.#closed = once(this.#child, 'close');
    this.#loaded = new Promise((resolve) => (this.#onLine = () => resolve()));
    this.#child.stderr!.setEncoding('utf8').on('data', (text: string) => (this.#err += text));
    this.#child.stdout!.setEncoding('utf8').on('data', (text: string) => {
      const lines = (this.#out + text).split('\n');
      // The last one may have been cut by the kill.
      this.#out = lines.pop()!;
      for (const line of lines) {
        if (line.startsWith('+')) this.acknowledged.push(line.slice(1));
        this.#onLine(line);
      }
    });
  }

  /** Lets it begin, and kills it as soon as it has printed so many lines; at once if none. */
  async kill(after: number): Promise<void> {
    await Promise.race([this.#loaded, this.#closed]);
    let printed = 0;
    this.#onLine = () => {
      if (++printed === after) this.#child.kill('SIGKILL');
    };
    this.#child.stdin!.end('go\n');
    if (after === 0) this.#child.kill('SIGKILL');
    const [, signal] = (await this.#closed) as [unknown, string | null];
    if (signal !== 'SIGKILL') throw new Error(`It ended by itself: ${this.#err}`);
  }

  /** Never to begin. */
  async dismiss(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#closed;
  }
}

/** What is wrong with the state, given everything acknowledged so far. */
function problems(log: CrashLog, acknowledged: readonly string[]): string[] {
  const found = new Set(log.left);
  const wrong = acknowledged.filter((word) => !found.has(word)).map((word) => `lost: ${word}`);
  if (found.size !== log.left.length) wrong.push('something is there twice');
  if (log.left.join() !== log.right.join()) wrong.push('something is half applied');
  const next = new Map<string, number>();
  for (const word of log.left) {
    const [run, caller, count] = word.split('-');
    const key = `${run}-${caller}`;
    if (Number(count) !== (next.get(key) ?? 0)) wrong.push(`${word} is out of order`);
    next.set(key, Number(count) + 1);
  }
  return wrong;
}

let compiled: Compiled;
beforeAll(() => {
  compiled = compile(['test/e2e/crash-child.ts', 'test/e2e/crash-model.ts']);
});
afterAll(() => {
  compiled.remove();
});

test(
  `${KILLS} kills at seeded moments lose nothing, repeat nothing, and leave no half`,
  async () => {
    const random = randomFrom(SEED);
    const script = compiled.path('test/e2e/crash-child.ts');
    let calls = 0;
    for (let from = 0; from < KILLS; from += KILLS_EACH) {
      const folder = mkdtempSync(join(tmpdir(), 'prevalent-crash-'));
      const acknowledged: string[] = [];
      let waiting = new Victim(script, folder, `r${from}`);
      try {
        for (let run = from + 1; run <= from + KILLS_EACH; run++) {
          const victim = waiting;
          // The next one loads meanwhile.
          waiting = new Victim(script, folder, `r${run}`);
          await victim.kill(Math.floor(random() ** 3 * 1_000));
          acknowledged.push(...victim.acknowledged);
          const master = await Master.open(CrashLog, {
            name: 'crashing',
            store: join(folder, 'shared'),
            local: join(folder, 'local'),
          });
          const wrong = master.query((log: CrashLog) => problems(log, acknowledged));
          await master.close();
          if (wrong.length > 0)
            throw new Error(`After kill ${run} (seed ${SEED}, ${folder}): ${wrong.slice(0, 10).join('; ')}`);
        }
        calls += acknowledged.length;
      } finally {
        await waiting.dismiss();
      }
      // Kept if it failed, to be looked at.
      rmSync(folder, { recursive: true, force: true });
    }
    expect(calls).toBeGreaterThan(KILLS * 50);
  },
  KILLS * 3_000,
);
