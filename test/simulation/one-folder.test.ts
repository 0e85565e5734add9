/** Several masters on one folder at the same time, as on a network drive: what one reads, another one replaces and deletes. */
import { crc32 } from 'node:zlib';
import { decodeFrontier } from '../../src/store/frontier.js';
import { FolderStore, Master } from '../../src/index.js';
import { SimulatedDisk } from '../../src/testing/index.js';
import { Board, textOf } from './board.js';
import { Dice } from './dice.js';
import { Turns } from './turns.js';

const DEEP = process.env.PREVALENT_DEEP === '1';
/** One seed, or the first and the last of several. */
const SEEDS = process.env.PREVALENT_SEED ?? (DEEP ? '1-10000' : '1-300');
const [FIRST = 1, LAST = FIRST] = SEEDS.split('-').map(Number);
const KEYS = ['apple', 'pear', 'plum'];

/** What one run does, drawn from its seed. */
class Crowd {
  readonly #dice: Dice;
  readonly #turns: Turns;
  readonly #disk = new SimulatedDisk();
  readonly #settings: Parameters<typeof Master.open>[1][];
  readonly #masters = new Map<string, Master<Board>>();
  readonly #made: string[] = [];
  readonly #frontiers = new Map<string, Uint8Array>();
  readonly #offered = new Map<string, string>();
  readonly wrong: string[] = [];
  #time = Date.UTC(2026, 0, 1);

  constructor(seed: number) {
    const dice = (this.#dice = new Dice(seed));
    this.#turns = new Turns(dice);
    const segmentBytes = dice.pick([300, 1_000, 1e6]);
    const retention = dice.pick([0, 0, 20, 200]);
    const patience = dice.pick([0, 50, 300, 1e6]);
    this.#settings = Array.from({ length: 2 + dice.below(3) }, (_, index) => ({
      name: `m${index}`,
      store: new FolderStore('/shared', {
        segmentBytes,
        fileSystem: this.#turns.guard(this.#disk.session()),
        lock: async () => ({ release: async () => undefined }),
      }),
      local: `/local/m${index}`,
      now: () => this.#time,
      random: () => dice.next(),
      sealer: index === 0,
      retention,
      patience,
      undoMemory: dice.pick([1, 1_500, 64e6]),
      snapshotEvery: dice.pick([3, 10, 1e6]),
      durability: dice.pick(['group', 'always', 'none'] as const),
    }));
  }

  async run(): Promise<void> {
    await this.#turns.run(
      this.#settings.map((setting) => this.#live(setting)),
      this.#check,
    );
    // What was meant for the end of retention and patience.
    for (let round = 0; round < 5; round++) {
      this.#time += 2e6;
      await this.#turns.run(
        [...this.#masters.values()].map(async (master) => {
          await master.sync();
        }),
        this.#check,
      );
    }
    this.#compare();
    await this.#turns.run(
      [...this.#masters.values()].map((master) => master.close()),
      this.#check,
    );
  }

  /** What others may start from is there at every moment. */
  readonly #check = (): void => {
    for (const path of this.#disk.paths()) {
      if (!path.endsWith('/frontier.json')) continue;
      const bytes = this.#disk.peek(path);
      if (bytes === undefined || this.#frontiers.get(path) === bytes) continue;
      const snapshot = decodeFrontier(new TextDecoder().decode(bytes), crc32)?.snapshot;
      const file = path.replace('frontier.json', `snapshots/${snapshot?.position ?? ''}.snapshot`);
      if (snapshot !== undefined) this.#offered.set(path, file);
      this.#frontiers.set(path, bytes);
    }
    for (const [path, file] of this.#offered)
      if (this.#disk.peek(file) === undefined && this.#disk.peek(path) !== undefined)
        this.wrong.push(`${path} offers ${file}, which is not there`);
  };

  /** A master calls, syncs and compacts, and is closed and opened again. */
  async #live(setting: Parameters<typeof Master.open>[1]): Promise<void> {
    const dice = this.#dice;
    let master = await this.#open(setting);
    for (let left = 5 + dice.below(10); left > 0; left--) {
      this.#time += dice.below(30);
      const what = dice.weighted({ call: 5, sync: 6, compact: 2, snapshot: 1, restart: 0.5 });
      if (what === 'call') for (let calls = 1 + dice.below(4); calls > 0; calls--) this.#call(master);
      else if (what === 'sync') await master.sync();
      else if (what === 'snapshot') await master.snapshot();
      else if (what === 'restart') {
        await master.close();
        master = await this.#open(setting);
      } else if (setting.name === 'm0' || (await master.status()).seal !== undefined) await master.compact();
    }
  }

  async #open(setting: Parameters<typeof Master.open>[1]): Promise<Master<Board>> {
    const master = await Master.open(Board, setting);
    this.#masters.set(setting.name, master);
    master.on('error', (error) => this.wrong.push(`${setting.name} tells: ${error.message}`));
    master.on('diverged', ({ seal }) => this.wrong.push(`${setting.name} diverged at seal ${seal}`));
    return master;
  }

  #call(master: Master<Board>): void {
    const token = `t${this.#made.length}`;
    try {
      master.model[this.#dice.pick(['put', 'claim', 'drop'] as const)](token, this.#dice.pick(KEYS));
      this.#made.push(token);
    } catch (error) {
      // The board refuses what is taken; the token stays unused.
      if (!/taken|no /.test((error as Error).message)) throw error;
      this.#made.push('');
    }
  }

  #compare(): void {
    const states = [...this.#masters].map(([name, master]) => ({ name, text: master.query(textOf), master }));
    const [first] = states;
    for (const { name, text } of states)
      if (text !== first!.text) this.wrong.push(`${name} is\n${text}, ${first!.name} is\n${first!.text}`);
    const counted = first!.master.query((board) => new Set(board.made.keys()));
    const rejected = new Set(first!.master.rejections().map(({ args }) => (args as string[])[0]!));
    for (const token of this.#made)
      if (token !== '' && counted.has(token) === rejected.has(token)) this.wrong.push(`${token} is lost or twice`);
  }
}

test(`masters that use one folder at the same time agree, and nothing fails (seeds ${FIRST} to ${LAST})`, async () => {
  for (let seed = FIRST; seed <= LAST; seed++) {
    const crowd = new Crowd(seed);
    await crowd.run().catch((error: unknown) => crowd.wrong.push((error as Error).stack ?? String(error)));
    if (crowd.wrong.length > 0) throw new Error(`seed ${seed} fails:\n${[...new Set(crowd.wrong)].join('\n')}`);
  }
}, 3_600_000);
