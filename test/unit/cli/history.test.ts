/** The command on folders whose history is deleted, cut, or missing. */
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FolderStore, Master, type MasterOptions } from '../../../src/index.js';
import { backupOf } from '../../../src/cli/backup.js';
import { examineAll } from '../../../src/cli/examination.js';
import { mergedLines } from '../../../src/cli/export.js';
import { readFolder } from '../../../src/cli/folder-report.js';
import { run } from '../../command.js';
import type { StreamListing } from '../../../src/store/store.js';
import { Notes } from './notes.js';

const HOUR = 3_600_000;
let home: string;
let shared: string;
let now: number;
const opened: Master<Notes>[] = [];

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'prevalent-cli-'));
  shared = join(home, 'shared');
  now = Date.UTC(2026, 0, 1);
});
afterEach(async () => {
  for (const master of opened.splice(0)) await master.close();
  rmSync(home, { recursive: true, force: true });
});

async function open(name: string, options: Partial<MasterOptions> = {}): Promise<Master<Notes>> {
  const store = new FolderStore(shared, { segmentBytes: 600 });
  const clock = { now: () => now++, retention: 0, patience: HOUR };
  const master = await Master.open(Notes, { name, store, local: join(home, name), ...clock, ...options });
  opened.push(master);
  return master;
}

async function write(master: Master<Notes>, from: number, to: number): Promise<void> {
  for (let i = from; i <= to; i++) await master.transact((notes) => notes.write(`note ${i}`));
}

/** Journal files of a master by the numbers of their first events. */
function segments(name: string, root = shared): Map<number, string> {
  const all = readdirSync(join(root, name), { recursive: true }) as string[];
  const found = all.filter((path) => path.endsWith('.ndjson')).sort();
  return new Map(found.map((path) => [Number(path.slice(-23, -7)), join(root, name, path)]));
}

function numbersOf(lines: readonly string[]): number[] {
  return lines.map((line) => (JSON.parse(line) as { seq: number }).seq);
}

/** A master whose events 1 to 8 are deleted but for the newest, under a seal that covers many more. */
async function sealedBeyondItsSnapshot(): Promise<void> {
  const master = await open('laptop', { sealer: true });
  // More than the journals later on, so that another snapshot is not worth it.
  await master.transact((notes) => notes.write('x'.repeat(20_000)));
  await write(master, 2, 8);
  await master.compact();
  await write(master, 9, 20);
  await master.sync();
  await master.sync();
  await master.close();
}

describe('a seal that is newer than the snapshot', () => {
  test('does not hide a hole in the journal', async () => {
    await sealedBeyondItsSnapshot();
    expect((await run('verify', shared)).code).toBe(0);
    const found = segments('laptop');
    const later = [...found.keys()].filter((first) => first > 9);
    const [gone = 0, next = 0] = later;
    rmSync(found.get(gone)!);
    const missing = `${gone} to ${next - 1} of laptop@`;

    const verified = await run('verify', shared);
    expect(verified.code).toBe(2);
    expect(verified.printed.join('\n')).toContain(`begins with event ${next}, but the files before it end with event`);

    const exported = await run('export', shared);
    expect([exported.code, exported.warned.join()]).toEqual([2, expect.stringContaining(missing)]);
    expect(numbersOf(exported.printed)).toContain(next);
    expect(numbersOf(exported.printed)).not.toContain(gone);

    const copied = await run('backup', shared, join(home, 'backup'));
    expect([copied.code, copied.printed.join('\n')]).toEqual([2, expect.stringContaining(missing)]);
    const published = [...segments('laptop').keys()].filter((first) => first <= 20);
    expect([...segments('laptop', join(home, 'backup')).keys()]).toEqual(published);

    const repaired = await run('repair', shared, 'laptop', '--local', join(home, 'laptop'));
    expect(repaired.code).toBe(2);
    expect(repaired.printed.join('\n')).toContain('Would cut');
  });

  test('export begins with the first event that is there', async () => {
    await sealedBeyondItsSnapshot();
    const firsts = [...segments('laptop').keys()];
    const exported = await run('export', shared);
    expect([exported.code, numbersOf(exported.printed)[0]]).toEqual([0, firsts[1]]);
    expect(numbersOf(exported.printed).at(-1)).toBe(20);
  });
});

/** Loses what a master wrote from its second file on, and its own snapshots. Gives how many events are left. */
function loseTail(name: string): number {
  const [, second, ...later] = segments(name);
  for (const [, file] of [second!, ...later]) rmSync(file);
  return second![0] - 1;
}

describe('a frontier that is ahead of its journal', () => {
  test('is no problem where the published snapshot of another master stands in', async () => {
    const laptop = await open('laptop');
    await write(laptop, 1, 8);
    await laptop.sync();
    const phone = await open('phone');
    await phone.sync();
    await write(phone, 1, 1);
    await phone.compact();
    await phone.close();
    await laptop.close();
    const left = loseTail('laptop');
    const verified = await run('verify', shared);
    expect([verified.code, verified.printed.at(-1)]).toEqual([0, 'Everything is as it should be.']);
    const exported = await run('export', shared);
    expect([exported.code, exported.printed.length]).toEqual([0, left + 1]);
    const copied = await run('backup', shared, join(home, 'backup'));
    expect([copied.code, readdirSync(join(home, 'backup')).sort()]).toEqual([0, ['laptop', 'phone']]);
    expect((await run('verify', join(home, 'backup'))).code).toBe(0);
  });

  test('is told where nothing stands in, and the rest is listed and copied', async () => {
    const laptop = await open('laptop');
    await write(laptop, 1, 8);
    await laptop.close();
    const left = loseTail('laptop');
    const missing = `vents ${left + 1} to 8 of laptop@`;
    const verified = await run('verify', shared);
    expect([verified.code, verified.printed.join('\n')]).toEqual([2, expect.stringContaining(missing)]);
    const exported = await run('export', shared);
    expect([exported.code, exported.printed.length]).toEqual([2, left]);
    expect(exported.warned.join()).toContain(missing);
    const copied = await run('backup', shared, join(home, 'backup'));
    expect([copied.code, copied.printed.join('\n')]).toEqual([2, expect.stringContaining(missing)]);
    expect(segments('laptop', join(home, 'backup')).size).toBe(1);
  });
});

test('a backup that fails leaves nothing, so that it can be made again', async () => {
  const laptop = await open('laptop');
  await write(laptop, 1, 8);
  await laptop.close();
  const file = segments('laptop').get(1)!;
  const good = readFileSync(file);
  const bad = Buffer.from(good);
  bad[400]! ^= 1;
  writeFileSync(file, bad);
  const target = join(home, 'backups', 'monday');
  await expect(run('backup', shared, target)).rejects.toMatchObject({ code: 'JOURNAL_DAMAGED' });
  expect(existsSync(target)).toBe(false);
  expect(readdirSync(join(home, 'backups'))).toEqual([]);
  writeFileSync(file, good);
  expect((await run('backup', shared, target)).code).toBe(0);
  expect(readdirSync(join(home, 'backups'))).toEqual(['monday']);
});

describe('status and log', () => {
  test('know deleted history', async () => {
    const laptop = await open('laptop');
    await write(laptop, 1, 8);
    await laptop.compact();
    await laptop.close();
    const status = await run('status', shared);
    expect(status.code).toBe(0);
    expect(status.printed[0]).toMatch(
      /^laptop@\w{26}: 8 events, [1-7] of them deleted \(snapshot at seal 1\), the last at 2026-01-01T\S+, on v8 [\d.]+$/,
    );
    expect(status.printed[1]).toMatch(/^Seal 1, up to 2026-01-01T\S+, made by laptop@\w{26}\.$/);
    expect(status.printed).toHaveLength(2);
    const exported = await run('export', shared);
    const logged = await run('log', shared);
    expect(logged.printed.length).toBeGreaterThan(0);
    expect(logged.printed).toHaveLength(exported.printed.length);
    expect(logged.printed.at(-1)).toContain('laptop#8');
    const deleted = 8 - logged.printed.length;
    expect(logged.warned).toEqual([
      expect.stringMatching(new RegExp(`^Events 1 to ${deleted} of laptop@\\w{26} are deleted`)),
    ]);
  });

  test('tell which events are missing, and go on behind them', async () => {
    const laptop = await open('laptop');
    await write(laptop, 1, 8);
    await laptop.close();
    const [, [second = 0, file = ''] = [], [third = 0] = []] = segments('laptop');
    rmSync(file);
    const range = `events ${second} to ${third - 1} have not arrived`;
    const status = await run('status', shared);
    expect(status.printed[0]).toContain(
      `— events ${second} to ${third - 1} have not arrived (${8 - (third - second)} readable)`,
    );
    const logged = await run('log', shared);
    expect(logged.printed.at(-1)).toContain('laptop#8');
    expect(logged.warned.join()).toContain(range);
  });

  test('mark what a seal cut, and what was issued again', async () => {
    const phone = await open('phone');
    await write(phone, 1, 2);
    await phone.sync();
    const laptop = await open('laptop', { sealer: true });
    await laptop.sync();
    // Calls of a machine that is away for longer than patience.
    await write(phone, 3, 4);
    now += 3 * HOUR;
    await write(laptop, 1, 1);
    now += HOUR;
    await laptop.sync();
    await laptop.sync();
    await phone.close();
    const before = await run('status', shared);
    expect(before.printed.join('\n')).toMatch(/phone@\w{26}: 4 events, cut: 2 of 4 count, the last at/);
    const cut = (await run('log', shared)).printed.filter((line) => line.includes('phone#'));
    expect(cut.map((line) => line.replace(/.*(phone#)/, '$1'))).toEqual([
      'phone#1  write["note 1"]',
      'phone#2  write["note 2"]',
      'phone#3  write["note 3"]  cut',
      'phone#4  write["note 4"]  cut',
    ]);
    // It finds its stream cut, and issues those calls again.
    const again = await open('phone');
    await again.sync();
    await again.close();
    const origin = /  (\w{26})  phone#3/.exec(cut[2]!)?.[1];
    expect((await run('log', shared)).printed.join('\n')).toContain(`phone#1  write["note 3"]  again, first ${origin}`);
  });

  test('tell of two seals of which neither extends the other', async () => {
    const island = join(home, 'island');
    for (const [name, folder] of [
      ['laptop', shared],
      ['phone', island],
    ] as const) {
      const options = { store: new FolderStore(folder) };
      const master = await open(name, options);
      await write(master, 1, 2);
      await master.compact();
      await master.close();
    }
    cpSync(join(island, 'phone'), join(shared, 'phone'), { recursive: true });
    const { printed: lines, code } = await run('status', shared);
    expect([code, lines.length]).toEqual([0, 3]);
    expect(lines[2]).toMatch(/History was sealed twice, apart/);
    expect((await run('log', shared)).printed.length).toBeGreaterThan(1);
  });
});

/** A folder in which something happens right after it was listed for the first time. */
class Busy extends FolderStore {
  #meanwhile: (() => Promise<unknown>) | undefined;
  constructor(path: string, meanwhile: () => Promise<unknown>) {
    super(path);
    this.#meanwhile = meanwhile;
  }
  override async streams(): Promise<readonly StreamListing[]> {
    const found = await super.streams();
    const meanwhile = this.#meanwhile;
    this.#meanwhile = undefined;
    await meanwhile?.();
    return found;
  }
}

describe('a running master that deletes its history meanwhile is no problem to', () => {
  async function busy(): Promise<Busy> {
    const laptop = await open('laptop');
    await write(laptop, 1, 8);
    await laptop.sync();
    return new Busy(shared, () => laptop.compact());
  }

  test('verify', async () => {
    expect(await examineAll(await busy())).toMatchObject([{ events: 8, problems: [] }]);
  });

  test('status and log', async () => {
    const { streams } = await readFolder(await busy());
    expect(streams).toMatchObject([{ trouble: undefined, deleted: [{ from: 1 }] }]);
  });

  test('export', async () => {
    const missing: string[] = [];
    const numbers: number[] = [];
    for await (const line of mergedLines(await busy(), (text) => missing.push(text)))
      numbers.push(...numbersOf([line]));
    expect([missing, numbers.at(-1)]).toEqual([[], 8]);
    expect(numbers[0]).toBeGreaterThan(1);
  });

  test('backup', async () => {
    const target = join(home, 'backup');
    expect(await backupOf(await busy(), target, () => undefined)).toBe(0);
    const verified = await run('verify', target);
    expect([verified.code, verified.printed[0]]).toEqual([0, expect.stringContaining('8 events, 1 good snapshot')]);
    expect(readdirSync(home).sort()).toEqual(['backup', 'laptop', 'shared']);
  });
});

test('a backup takes the place of an empty folder', async () => {
  const laptop = await open('laptop');
  await write(laptop, 1, 2);
  await laptop.close();
  mkdirSync(join(home, 'backup'));
  expect((await run('backup', shared, join(home, 'backup'))).code).toBe(0);
  expect(readdirSync(join(home, 'backup'))).toEqual(['laptop']);
});
