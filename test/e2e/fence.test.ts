/** Two processes that write one master, where the lock of each cannot be seen by the other: no call that was acknowledged vanishes. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Master } from '../../src/index.js';
import { type Compiled, compile } from './compiled.js';
import { CrashLog } from './crash-model.js';

let compiled: Compiled;
let folder: string;
beforeAll(() => (compiled = compile(['test/e2e/fence-child.ts', 'test/e2e/crash-model.ts'])));
afterAll(() => compiled.remove());
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'prevalent-fence-'))));
afterEach(() => rmSync(folder, { recursive: true }));

/** One process, and what it said. */
class Child {
  readonly heard: string[] = [];
  readonly #process: ChildProcess;
  #waiting: { readonly isIt: () => boolean; readonly resolve: () => void }[] = [];

  constructor(run: string, local: string, callers: number, durability: string) {
    const file = compiled.path('test/e2e/fence-child.ts');
    const args = [file, join(folder, 'shared'), join(folder, local), run, String(callers), durability];
    this.#process = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    createInterface(this.#process.stdout!).on('line', (line) => {
      this.heard.push(line);
      for (const waiting of this.#waiting.filter(({ isIt }) => isIt())) waiting.resolve();
      this.#waiting = this.#waiting.filter(({ isIt }) => !isIt());
    });
  }

  get acknowledged(): string[] {
    return this.heard.filter((line) => line.startsWith('+')).map((line) => line.slice(1));
  }

  get refusal(): string | undefined {
    return this.heard.find((line) => line.startsWith('refused '))?.slice(8);
  }

  say(what: 'go' | 'stop'): void {
    if (!this.heard.includes('ended')) this.#process.stdin!.write(`${what}\n`);
  }

  /** Until something holds, or the process has ended. */
  until(holds: () => boolean): Promise<void> {
    const isIt = (): boolean => this.heard.includes('ended') || holds();
    if (isIt()) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push({ isIt, resolve }));
  }

  ended(): Promise<void> {
    return this.until(() => false);
  }
}

async function reopened(local: string): Promise<readonly string[]> {
  const master = await Master.open(CrashLog, {
    name: 'fenced',
    store: join(folder, 'shared'),
    local: join(folder, local),
  });
  const words = master.query(({ left }) => [...left]);
  expect(master.query(({ right }) => [...right])).toEqual(words);
  expect((await master.status()).held).toEqual([]);
  await master.close();
  return words;
}

async function newcomer(): Promise<readonly string[]> {
  const options = { name: 'newcomer', store: join(folder, 'shared'), local: join(folder, 'newcomer') };
  const master = await Master.open(CrashLog, options);
  const words = master.query(({ left }) => [...left]);
  expect((await master.status()).held).toEqual([]);
  await master.close();
  return words;
}

/** Everything acknowledged is there, once. */
async function allThere(children: readonly Child[], local: string): Promise<void> {
  for (const words of [await reopened(local), await newcomer()]) {
    const seen = new Set(words);
    expect(words).toHaveLength(seen.size);
    expect(children.flatMap(({ acknowledged }) => acknowledged).filter((word) => !seen.has(word))).toEqual([]);
  }
}

test.each([
  [1, 'group'],
  [16, 'group'],
  [1, 'always'],
  [4, 'none'],
])(
  'one after the other with one private directory (%i callers, %s): the first is fenced',
  async (callers, durability) => {
    const first = new Child('first', 'local', callers, durability);
    const second = new Child('second', 'local', callers, durability);
    await Promise.all([first, second].map((child) => child.until(() => child.heard.includes('loaded'))));
    first.say('go');
    await first.until(() => first.acknowledged.length >= 100);
    second.say('go');
    await first.ended();
    await second.until(() => second.acknowledged.length >= 100);
    second.say('stop');
    await second.ended();
    expect([first.refusal, second.refusal]).toEqual(['MASTER_FENCED', undefined]);
    await allThere([first, second], 'local');
  },
);

test('at the same moment with one private directory: one of them goes on at most', async () => {
  const children = ['first', 'second', 'third'].map((run) => new Child(run, 'local', 4, 'group'));
  await Promise.all(children.map((child) => child.until(() => child.heard.includes('loaded'))));
  for (const child of children) child.say('go');
  const refused = (): number => children.filter(({ refusal }) => refusal !== undefined).length;
  await Promise.all(children.map((child) => child.until(() => child.acknowledged.length >= 1_000)));
  for (const child of children) child.say('stop');
  await Promise.all(children.map((child) => child.ended()));
  expect(refused()).toBeGreaterThanOrEqual(2);
  for (const { refusal } of children) expect([undefined, 'MASTER_FENCED', 'MASTER_LOCKED']).toContain(refusal);
  await allThere(children, 'local');
});

test('with private directories of their own each writes a stream of its own', async () => {
  const children = ['one', 'other'].map((run) => new Child(run, run, 4, 'group'));
  await Promise.all(children.map((child) => child.until(() => child.heard.includes('loaded'))));
  for (const child of children) child.say('go');
  await Promise.all(children.map((child) => child.until(() => child.acknowledged.length >= 200)));
  for (const child of children) child.say('stop');
  await Promise.all(children.map((child) => child.ended()));
  expect(children.map(({ refusal }) => refusal)).toEqual([undefined, undefined]);
  await allThere(children, 'one');
});
