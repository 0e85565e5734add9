/** Two masters in two clones that commit and pull by a timer: everything arrives while they call, and git never has to merge a file. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Master } from '../../src/index.js';
import { Ledger } from '../ledger.js';

const SECONDS = 120;
const CALLS = 20;
/** Seconds between two commits. */
const EVERY = 10;

function git(directory: string, ...args: string[]): string {
  const config = ['-c', 'user.name=test', '-c', 'user.email=test@localhost', '-c', 'commit.gpgsign=false'];
  return execFileSync('git', [...config, ...args], {
    cwd: directory,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

test('a folder that git carries', async () => {
  const path = mkdtempSync(join(tmpdir(), 'prevalent-git-'));
  try {
    mkdirSync(join(path, 'origin'));
    git(join(path, 'origin'), 'init', '--quiet', '--bare', '--initial-branch=main');
    const sides = ['left', 'right'].map((name) => ({ name, clone: join(path, name), lags: [] as number[] }));
    for (const { clone, name } of sides) {
      git(path, 'clone', '--quiet', join(path, 'origin'), name);
      git(clone, 'checkout', '--quiet', '-B', 'main');
      if (name === 'left') {
        writeFileSync(join(clone, '.gitattributes'), '* -text\n');
        writeFileSync(join(clone, '.gitignore'), '.*.tmp\n');
        git(clone, 'add', '-A');
        git(clone, 'commit', '--quiet', '-m', 'begin');
        git(clone, 'push', '--quiet', 'origin', 'main');
      } else git(clone, 'pull', '--quiet', 'origin', 'main');
    }
    let now = Date.UTC(2026, 0, 1);
    const masters = await Promise.all(
      sides.map(async ({ name, clone, lags }) => {
        const place = { name, store: join(clone, 'shared'), local: join(path, 'local', name) };
        const master = await Master.open(Ledger, { ...place, now: () => now, durability: 'none' });
        master.on('event', ({ master: by, time }) => {
          if (by !== name) lags.push((now - time.getTime()) / 1_000);
        });
        return master;
      }),
    );
    const carry = (): void => {
      for (const [index, { clone, name }] of sides.entries()) {
        git(clone, 'add', '-A');
        if (git(clone, 'status', '--porcelain') !== '') git(clone, 'commit', '--quiet', '-m', name);
        // Nobody waits for git.
        masters[index]?.model.write(`${name} while it is committed at ${now}`);
        git(clone, 'pull', '--quiet', '--no-rebase', '--no-edit', 'origin', 'main');
        git(clone, 'push', '--quiet', 'origin', 'main');
      }
    };
    for (let second = 1; second <= SECONDS; second++) {
      now += 1_000;
      for (const [index, { name }] of sides.entries())
        for (let call = 0; call < CALLS; call++) masters[index]?.model.write(`${name} ${second} ${call}`);
      for (const master of masters) await master.sync();
      if (second % EVERY === 0) carry();
    }
    for (const { lags } of sides) {
      expect(lags.length).toBeGreaterThanOrEqual((SECONDS - 40) * CALLS);
      expect(Math.max(...lags)).toBeLessThanOrEqual(40);
    }
    for (let round = 0; round < 2; round++) {
      for (const master of masters) await master.sync();
      carry();
    }
    for (const master of masters) await master.sync();
    const [left, right] = masters.map((master) => master.query(({ lines }) => [...lines]));
    const isTimed = (line: string): boolean => !line.includes('while');
    expect(left?.filter(isTimed)).toHaveLength(2 * SECONDS * CALLS);
    expect(right?.filter(isTimed)).toEqual(left?.filter(isTimed));
    for (const master of masters) {
      const { held, notices } = await master.status();
      expect([held, notices]).toEqual([[], []]);
      await master.close();
    }
  } finally {
    rmSync(path, { recursive: true, force: true });
  }
});
