/** Several masters on one ground at the same time: what one reads, another one replaces and deletes. */
import { Master, type Store } from '../../src/index.js';
import { Board, textOf } from './board.js';
import type { Dice } from './dice.js';

const KEYS = ['apple', 'pear', 'plum'];

/** Where a crowd meets. */
export interface Ground {
  /** The store of one master's next process. */
  store(name: string): Store;
  /** Until all of this work is done; what waits for the ground goes on one by one, in an order that dice decide. */
  run(work: readonly Promise<void>[]): Promise<void>;
  /** The process of a master is killed: its locks are gone. */
  kill?(name: string): void;
  readonly durabilities: readonly ('group' | 'always' | 'none')[];
  /** Waits before something is tried again. */
  readonly pause: () => Promise<void>;
  /** From now on nothing fails any more. */
  calm(): void;
  /** What is wrong with the ground itself. */
  readonly wrong: readonly string[];
  /** Whether an error only says that the ground could not be reached just now. */
  isPassing(error: unknown): boolean;
}

type Setting = Omit<Parameters<typeof Master.open>[1], 'store'>;

/** What one run does, drawn from its seed. */
export class Crowd {
  readonly #dice: Dice;
  readonly #ground: Ground;
  readonly #settings: Setting[];
  readonly #masters = new Map<string, Master<Board>>();
  readonly #made: string[] = [];
  /** By master: calls that were not acknowledged yet. */
  readonly #open = new Map<string, string[]>();
  /** Those whose process was killed: they count once or not at all. */
  readonly #doubtful = new Set<string>();
  readonly wrong: string[] = [];
  #time = Date.UTC(2026, 0, 1);

  /** @param masters how many; else that is drawn as well */
  constructor(dice: Dice, ground: Ground, masters?: number) {
    this.#dice = dice;
    this.#ground = ground;
    const retention = dice.pick([0, 0, 20, 200]);
    const patience = dice.pick([0, 50, 300, 1e6]);
    this.#settings = Array.from({ length: masters ?? 2 + dice.below(3) }, (_, index) => ({
      name: `m${index}`,
      local: `/local/m${index}`,
      now: () => this.#time,
      random: () => dice.next(),
      sealer: index === 0,
      retention,
      patience,
      undoMemory: dice.pick([1, 1_500, 64e6]),
      snapshotEvery: dice.pick([3, 10, 1e6]),
      durability: dice.pick(ground.durabilities),
    }));
  }

  /** Runs a crowd. @throws Error that names the seed and everything that is wrong */
  static async live(seed: number, crowd: Crowd): Promise<void> {
    await crowd.run().catch((error: unknown) => crowd.wrong.push((error as Error).stack ?? String(error)));
    if (crowd.wrong.length > 0) throw new Error(`seed ${seed} fails:\n${[...new Set(crowd.wrong)].join('\n')}`);
  }

  /** Everybody lives; at the end all are the same, and nothing that was acknowledged is lost or there twice. */
  async run(): Promise<void> {
    await this.#ground.run(this.#settings.map((setting) => this.#live(setting)));
    this.#ground.calm();
    // What was meant for the end of retention and patience.
    for (let round = 0; round < 5; round++) {
      this.#time += 2e6;
      await this.#ground.run(
        [...this.#masters.values()].map((master) => this.#again(() => master.sync().then(() => undefined))),
      );
    }
    this.#compare();
    await this.#ground.run([...this.#masters.values()].map((master) => master.close()));
    this.wrong.push(...this.#ground.wrong);
  }

  /** A master calls, syncs and compacts, and is closed or killed and opened again. */
  async #live(setting: Setting): Promise<void> {
    const dice = this.#dice;
    let master = await this.#start(setting);
    for (let left = 5 + dice.below(10); left > 0; left--) {
      this.#time += dice.below(30);
      const what = dice.weighted({ call: 5, sync: 6, compact: 2, snapshot: 1, restart: 0.5, kill: 0.5 });
      if (what === 'call') for (let calls = 1 + dice.below(4); calls > 0; calls--) this.#call(setting.name, master);
      else if (what === 'sync') await this.#mayPass(() => master.sync().then(() => this.#open.delete(setting.name)));
      else if (what === 'snapshot') await this.#mayPass(() => master.snapshot());
      else if (what === 'restart') {
        await master.durable();
        this.#open.delete(setting.name);
        await this.#mayPass(() => master.close());
        master = await this.#start(setting);
      } else if (what === 'kill') {
        if (this.#ground.kill === undefined) continue;
        for (const token of this.#open.get(setting.name) ?? []) this.#doubtful.add(token);
        this.#open.delete(setting.name);
        this.#masters.delete(setting.name);
        this.#ground.kill(setting.name);
        master = await this.#start(setting);
      } else if (setting.name === 'm0' || (await this.#again(() => master.status())).seal !== undefined)
        await this.#mayPass(() => master.compact());
    }
  }

  async #start(setting: Setting): Promise<Master<Board>> {
    const master = await this.#again(() => Master.open(Board, { ...setting, store: this.#ground.store(setting.name) }));
    this.#masters.set(setting.name, master);
    master.on('error', (error) => {
      // Who was killed may still hear of its end.
      const isAlive = this.#masters.get(setting.name) === master;
      if (isAlive && !this.#ground.isPassing(error)) this.wrong.push(`${setting.name} tells: ${error.message}`);
    });
    master.on('diverged', ({ seal }) => this.wrong.push(`${setting.name} diverged at seal ${seal}`));
    return master;
  }

  /** What fails because the ground could not be reached is done another time. */
  async #mayPass(work: () => Promise<unknown>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!this.#ground.isPassing(error)) throw error;
    }
  }

  async #again<T>(work: () => Promise<T>): Promise<T> {
    for (let tries = 1; ; tries++) {
      try {
        return await work();
      } catch (error) {
        if (!this.#ground.isPassing(error) || tries === 500) throw error;
        await this.#ground.pause();
      }
    }
  }

  #call(name: string, master: Master<Board>): void {
    const token = `t${this.#made.length}`;
    try {
      master.model[this.#dice.pick(['put', 'claim', 'drop'] as const)](token, this.#dice.pick(KEYS));
      this.#made.push(token);
      this.#open.set(name, [...(this.#open.get(name) ?? []), token]);
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
    const rejected = new Set(first!.master.rejections().map(({ args }) => args[0]));
    for (const token of this.#made) {
      if (token === '' || counted.has(token) !== rejected.has(token)) continue;
      if (counted.has(token) || !this.#doubtful.has(token)) this.wrong.push(`${token} is lost or twice`);
    }
  }
}
