/** What a sync costs when nothing happened: one listing of the shared folder, one small read for each master, and a few looks for bundles by turns. */
import { type FileSystem, FolderStore, Master, type MasterOptions } from '../../../src/index.js';
import { SimulatedDisk } from '../../../src/testing/index.js';
import { Ledger } from '../../ledger.js';

const MASTERS = 64;
const FEW = 6;
const START = Date.UTC(2026, 0, 1);
const HOUR = 3_600_000;
const SMALL = 16 * 1024;
/** So many masters are looked into for bundles at a sync. */
const TURNS = 8;

/** Many masters on one disk, the operations of one of which are written down. */
class Shared {
  readonly disk = new SimulatedDisk();
  readonly operations: string[] = [];
  readonly #locks = new Set<string>();
  bytes = 0;
  now = START;

  open(
    name: string,
    options: Partial<MasterOptions> = {},
    fileSystem: FileSystem = this.disk,
  ): Promise<Master<Ledger>> {
    const lock = async (directory: string): Promise<{ release: () => Promise<void> }> => {
      if (this.#locks.has(directory)) throw new Error(`${directory} is locked`);
      this.#locks.add(directory);
      return {
        release: async () => {
          this.#locks.delete(directory);
        },
      };
    };
    const store = new FolderStore('/shared', { fileSystem, lock });
    const local = `/local/${name}`;
    return Master.open(Ledger, { name, store, local, now: () => this.now, retention: HOUR, ...options });
  }

  watched(name: string, options: Partial<MasterOptions> = {}): Promise<Master<Ledger>> {
    const note = <Args extends [string, ...unknown[]], Result>(
      what: string,
      run: (...args: Args) => Result,
    ): ((...args: Args) => Result) => {
      return (...args) => {
        this.operations.push(`${what} ${args[0]}`);
        return run(...args);
      };
    };
    const { disk } = this;
    return this.open(name, options, {
      readdir: note('readdir', (path) => disk.readdir(path)),
      read: note('read', async (path, from?: number, length?: number) => {
        const bytes = await disk.read(path, from, length);
        this.bytes = Math.max(this.bytes, bytes.length);
        return bytes;
      }),
      size: note('size', (path) => disk.size(path)),
      kind: (path) => disk.kind(path),
      kindNow: (path) => disk.kindNow(path),
      readNow: (path, from, length) => disk.readNow(path, from, length),
      identityNow: (path) => disk.identityNow(path),
      renameNow: (from, to) => {
        disk.renameNow(from, to);
      },
      mkdirNow: (path) => {
        disk.mkdirNow(path);
      },
      unlinkNow: (path) => {
        disk.unlinkNow(path);
      },
      open: note('open', (path, create: boolean) => disk.open(path, create)),
      openNow: note('open', (path, create: boolean) => disk.openNow(path, create)),
      syncDirectoryNow: note('sync', (path) => disk.syncDirectoryNow(path)),
      mkdir: note('mkdir', (path) => disk.mkdir(path)),
      rename: note('rename', (path, to: string) => disk.rename(path, to)),
      unlink: note('unlink', (path) => disk.unlink(path)),
      rmdir: note('rmdir', (path) => disk.rmdir(path)),
      syncDirectory: note('sync', (path) => disk.syncDirectory(path)),
    });
  }

  /** What idle syncs of one master do. */
  async idle(master: Master<Ledger>): Promise<readonly string[]> {
    // What the last round left to be told, and read once.
    for (let round = 0; round < 3; round++) await master.sync();
    this.operations.length = this.bytes = 0;
    await master.sync();
    const once = [...this.operations];
    await master.sync();
    expect(withoutTurns(this.operations)).toEqual([...withoutTurns(once), ...withoutTurns(once)]);
    return once;
  }
}

/** Without the listings of directories of streams, in which bundles are looked for by turns. */
function withoutTurns(operations: readonly string[]): string[] {
  return operations.filter((one) => !/^readdir \/shared\/[^/]+\/[^/]+$/.test(one));
}

const names = Array.from({ length: MASTERS }, (_, index) => `m${String(index).padStart(2, '0')}`);

function expectCheap(shared: Shared, operations: readonly string[], masters: number): void {
  expect(withoutTurns(operations).filter((one) => !one.startsWith('read '))).toEqual(['readdir /shared']);
  expect(operations.length - withoutTurns(operations).length).toBeLessThanOrEqual(Math.min(masters, TURNS));
  expect(operations.filter((one) => one.startsWith('read ')).length).toBeLessThanOrEqual(masters);
  expect(shared.bytes).toBeLessThan(SMALL);
}

async function each(
  masters: readonly Master<Ledger>[],
  run: (master: Master<Ledger>) => Promise<unknown>,
): Promise<void> {
  for (const master of masters) await run(master);
}

test('64 idle masters, nothing ever sealed', async () => {
  const shared = new Shared();
  const others = await Promise.all(names.slice(1).map((name) => shared.open(name)));
  const first = await shared.watched(names[0]!);
  for (const master of [first, ...others]) master.model.write('x');
  await each([...others, first], (master) => master.sync());
  await each([...others, first], (master) => master.sync());
  expectCheap(shared, await shared.idle(first), MASTERS);
  await each([first, ...others], (master) => master.close());
});

test('idle masters under a seal, after deletion, cut streams and a restored backup', async () => {
  const shared = new Shared();
  const options = { patience: HOUR };
  const others = await Promise.all(names.slice(2, FEW).map((name) => shared.open(name, options)));
  const first = await shared.watched(names[0]!, { ...options, sealer: true });
  const late = await shared.open(names[1]!, options);
  const all = [first, ...others];
  const meet = (): Promise<void> => each([...all, first], (master) => master.sync());
  // The newest file of another one is put back later, as from a backup.
  const kept = others[0]!;
  await kept.transact((ledger) => ledger.write('kept'));
  await kept.sync();
  const backup = shared.disk.paths().filter((path) => path.startsWith(`/shared/${names[2]!}/`));
  const old = backup.map((path) => [path, shared.disk.peek(path)!.slice()] as const);
  for (const master of [...all, late]) for (let i = 0; i < 20; i++) master.model.write(`${i}`);
  await late.durable();
  await meet();
  shared.now += 3 * HOUR;
  await meet();
  shared.now += 3 * HOUR;
  await meet();
  expect(first.query(({ lines }) => lines.length)).toBe(20 * (FEW - 1) + 1);
  await late.sync();
  await meet();
  expect(Object.keys((await late.status()).cut)).toHaveLength(1);
  await kept.close();
  for (const path of shared.disk.paths()) if (path.startsWith(`/shared/${names[2]!}/`)) shared.disk.remove(path);
  for (const [path, bytes] of old) shared.disk.put(path, bytes);
  const restored = await shared.open(names[2]!, options);
  all[1] = restored;
  expect((await restored.status()).notices.join()).toContain('restored backup');
  for (const master of [...all, late]) master.model.write('more');
  await each([late, ...all], (master) => master.sync());
  await meet();
  shared.now += 3 * HOUR;
  await each([late, ...all], (master) => master.sync());
  await meet();
  await first.compact();
  await each([late, ...all], (master) => master.sync());
  expect((await first.status()).seal).toBeDefined();
  expectCheap(shared, await shared.idle(first), FEW);
  await each([late, ...all], (master) => master.close());
});
