/** Whatever a master can start from, it can start from a backup of it, in the same state. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { backupOf, LEFT_OUT } from '../../src/cli/backup.js';
import { FolderStore, Master } from '../../src/index.js';
import { FolderNetwork } from '../../src/testing/index.js';
import { Ledger } from '../ledger.js';
import { byEffort } from '../effort.js';

const RUNS = byEffort({ quick: 20, ci: 20, deep: 3_000 });
const NAMES = ['a', 'b', 'c'] as const;
const PATIENCE = 3_600_000;
const MACHINE = 'machine';

const KINDS = {
  write: 6,
  sync: 4,
  meet: 3,
  wait: 3,
  compact: 5,
  snapshot: 1,
  close: 1,
  keep: 2,
  restore: 2,
  overlay: 1,
  remove: 1,
} as const;
type Kind = keyof typeof KINDS;
interface Step {
  readonly kind: Kind;
  readonly who: number;
}

const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.oneof(...Object.entries(KINDS).map(([kind, weight]) => ({ weight, arbitrary: fc.constant(kind as Kind) }))),
  who: fc.nat(NAMES.length - 1),
});

const [A, B] = [0, 1];
const does = (...steps: readonly (readonly [Kind, number])[]): Step[] => steps.map(([kind, who]) => ({ kind, who }));
const sealed = does(['meet', A], ['wait', A], ['write', A], ['write', B], ['meet', A], ['compact', A], ['compact', B]);

/** A stream is cut because its master slept; once all is issued again and sealed, it is deleted. */
const CUT = [
  ...does(['write', A], ['write', B], ['meet', A], ['compact', A], ['write', B]),
  ...does(['wait', A], ['wait', A], ['wait', A], ['write', A], ['compact', A], ['sync', B]),
  ...sealed,
  ...sealed,
  ...sealed,
];

/** A folder comes back from an older copy, and a snapshot holds what a seal names of it. */
const RESTORED = [
  ...does(['write', A], ['write', B], ['meet', A], ['keep', B], ['write', B], ['write', B], ['meet', A]),
  ...does(['wait', A], ['meet', A], ['compact', A], ['restore', B], ['sync', B], ['sync', A]),
];

/** An older copy is laid over a newer folder, so that the frontier publishes less than the journal holds. */
const OVERLAID = does(
  ...([
    ['write', A],
    ['keep', A],
    ['compact', A],
    ['write', A],
    ['snapshot', A],
    ['sync', A],
  ] as const),
  ...([
    ['overlay', A],
    ['compact', B],
  ] as const),
);

/** Three masters on one folder of one simulated machine. */
class World {
  readonly network = new FolderNetwork([MACHINE]);
  readonly #masters = new Map<string, Master<Ledger>>();
  readonly #kept = new Map<string, ReadonlyMap<string, Uint8Array>>();
  #now: number;
  #random = 1;
  #written = 0;

  constructor(now = Date.UTC(2026, 0, 1)) {
    this.#now = now;
  }

  get now(): number {
    return this.#now;
  }

  get disk(): ReturnType<FolderNetwork['disk']> {
    return this.network.disk(MACHINE);
  }

  /** @param local the private directory; another one than before is another machine */
  open(name: string, local = `/local/${name}`): Promise<Master<Ledger>> {
    return Master.open(Ledger, {
      name,
      store: this.network.store(MACHINE, { segmentBytes: 500 }),
      local,
      now: () => this.#now++,
      random: () => (this.#random = (Math.imul(this.#random, 1103515245) + 12345) & 0x7fffffff) / 2 ** 31,
      retention: 0,
      patience: PATIENCE,
      maxClockDrift: 1e12,
    });
  }

  async apply({ kind, who }: Step): Promise<void> {
    const name = NAMES[who] as string;
    if (kind === 'wait') this.#now += PATIENCE / 2;
    else if (kind === 'meet') await this.#meet();
    else if (kind === 'keep') {
      // With all of it published: a backup has nothing else.
      await this.#close(name);
      this.#kept.set(name, this.#folderOf(name));
    } else if (kind === 'restore' || kind === 'overlay') await this.#putBack(name, kind === 'overlay');
    else if (kind === 'remove') {
      await this.#close(name);
      for (const path of this.#folderOf(name).keys()) this.disk.remove(path);
    } else if (kind === 'close') await this.#close(name);
    else await this.#act(await this.#master(name), kind);
  }

  /** Ends all processes; what they took is published then. */
  async end(): Promise<void> {
    for (const name of NAMES) await this.#close(name);
  }

  async #meet(): Promise<void> {
    for (let round = 0; round < 2; round++) for (const master of this.#masters.values()) await master.sync();
  }

  async #act(master: Master<Ledger>, kind: Kind): Promise<void> {
    const line = `line ${this.#written++}`;
    if (kind === 'sync') await master.sync();
    else if (kind === 'compact') await master.compact();
    else if (kind === 'snapshot') await master.snapshot();
    else if (this.#written % 3 === 0) {
      const last = master.query((ledger) => ledger.lines.at(-1));
      await master.transact((ledger) => {
        if (last === undefined) ledger.write(line);
        else ledger.writeAfter(last, line);
      });
    } else await master.transact((ledger) => ledger.write(line));
  }

  async #master(name: string): Promise<Master<Ledger>> {
    const known = this.#masters.get(name) ?? (await this.open(name));
    this.#masters.set(name, known);
    return known;
  }

  async #close(name: string): Promise<void> {
    const master = this.#masters.get(name);
    this.#masters.delete(name);
    await master?.close();
  }

  #folderOf(name: string): ReadonlyMap<string, Uint8Array> {
    const paths = this.disk.paths().filter((path) => path.startsWith(`/shared/${name}/`));
    return new Map(paths.map((path) => [path, this.disk.peek(path) ?? new Uint8Array()]));
  }

  /** Brings an earlier copy of a master's folder back. @param over leaves files that the copy does not have */
  async #putBack(name: string, over: boolean): Promise<void> {
    const kept = this.#kept.get(name);
    if (kept === undefined) return;
    await this.#close(name);
    if (!over) for (const path of this.#folderOf(name).keys()) this.disk.remove(path);
    for (const [path, bytes] of kept) this.disk.put(path, bytes);
  }
}

/** What is on a simulated disk, with another shared folder in place of its own if one is given. */
function copyOf(world: World, shared?: ReadonlyMap<string, Uint8Array>): World {
  const copy = new World(world.now);
  for (const path of world.disk.paths())
    if (shared === undefined || !path.startsWith('/shared/'))
      copy.disk.put(path, world.disk.peek(path) ?? new Uint8Array());
  for (const [path, bytes] of shared ?? []) copy.disk.put(path, bytes);
  return copy;
}

interface Backup {
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** Whose unpublished lines it says it leaves out. */
  readonly leftOut: ReadonlySet<string>;
}

/** A backup as the command makes it, on the real disk. */
async function backedUp(world: World): Promise<Backup> {
  const home = mkdtempSync(join(tmpdir(), 'prevalent-backup-'));
  try {
    mkdirSync(join(home, 'shared'));
    for (const path of world.disk.paths().filter((one) => one.startsWith('/shared/'))) {
      mkdirSync(join(home, dirname(path)), { recursive: true });
      writeFileSync(join(home, path), world.disk.peek(path) ?? new Uint8Array());
    }
    const target = join(home, 'backup');
    const told: string[] = [];
    await backupOf(new FolderStore(join(home, 'shared')), target, (line) => told.push(line));
    const paths = (readdirSync(target, { recursive: true }) as string[]).filter((path) =>
      statSync(join(target, path)).isFile(),
    );
    return {
      files: new Map(paths.map((path) => [`/shared/${path}`, new Uint8Array(readFileSync(join(target, path)))])),
      leftOut: new Set(told.filter((line) => line.includes(LEFT_OUT)).map((line) => line.slice(0, line.indexOf('@')))),
    };
  } finally {
    rmSync(home, { recursive: true });
  }
}

/** What a start finds: the state, what is rejected, what is waited for. */
async function started(world: World, name: string, local?: string): Promise<unknown> {
  const master = await world.open(name, local);
  const { held } = await master.status();
  const found = {
    lines: master.query(({ lines, ids }) => [[...lines], [...ids]]),
    rejections: master.rejections().map(({ id }) => id),
    held: held.map(({ master: whose, epoch, reason }) => `${whose}@${epoch} ${reason}`).sort(),
  };
  await master.close();
  return found;
}

test('a backup of whatever a master can start from starts it in the same state', async () => {
  const holds = async (steps: readonly Step[]): Promise<void> => {
    const world = new World();
    for (const one of steps) await world.apply(one).catch(ignoreRefusal);
    await world.end();
    const { files, leftOut } = await backedUp(world);
    const starts = [['newcomer'], ...NAMES.map((name) => [name]), ...NAMES.map((name) => [name, `/elsewhere/${name}`])];
    for (const [name = '', local] of starts) {
      // Only the master itself reads more of its journal than its frontier publishes.
      const expected = leftOut.has(name) ? undefined : await started(copyOf(world), name, local).catch(() => undefined);
      if (expected !== undefined) expect(await started(copyOf(world, files), name, local)).toEqual(expected);
    }
  };
  const steps = fc.array(step, { minLength: 5, maxLength: 50 });
  await fc.assert(fc.asyncProperty(steps, holds), { numRuns: RUNS, examples: [[CUT], [RESTORED], [OVERLAID]] });
});

/** A master that was put back may refuse to start; that is for other tests. */
function ignoreRefusal(error: unknown): void {
  if (typeof (error as { code?: unknown }).code !== 'string') throw error;
}
