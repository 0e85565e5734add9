/** Several masters on one folder at the same time, as on a network drive: what one reads, another one replaces and deletes. */
import { crc32 } from 'node:zlib';
import { decodeFrontier } from '../../src/store/frontier.js';
import { FolderStore } from '../../src/index.js';
import { SimulatedDisk } from '../../src/testing/index.js';
import { Crowd, type Ground } from './crowd.js';
import { Dice } from './dice.js';
import { seeds } from './seeds.js';
import { Turns } from './turns.js';

/** A folder whose every file operation waits for its turn. */
class SharedFolder implements Ground {
  readonly durabilities = ['group', 'always', 'none'] as const;
  readonly wrong: string[] = [];
  readonly #turns: Turns;
  readonly #disk = new SimulatedDisk();
  readonly #segmentBytes: number;
  readonly #frontiers = new Map<string, Uint8Array>();
  readonly #offered = new Map<string, string>();

  constructor(dice: Dice) {
    this.#turns = new Turns(dice);
    this.#segmentBytes = dice.pick([300, 1_000, 1e6]);
  }

  store(): FolderStore {
    return new FolderStore('/shared', {
      segmentBytes: this.#segmentBytes,
      timeLimit: Infinity,
      fileSystem: this.#turns.guard(this.#disk.session()),
      lock: async () => ({ release: async () => undefined }),
    });
  }

  run(work: readonly Promise<void>[]): Promise<void> {
    return this.#turns.run(work, this.#check);
  }

  pause = (): Promise<void> => this.#turns.next();

  calm(): void {
    // A disk that never failed.
  }

  isPassing(): boolean {
    return false;
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
}

const [first, last] = seeds({ quick: 60, ci: 300, deep: 10_000 });

test(`masters that use one folder at the same time agree, and nothing fails (seeds ${first} to ${last})`, async () => {
  for (let seed = first; seed <= last; seed++) {
    const dice = new Dice(seed);
    await Crowd.live(seed, new Crowd(dice, new SharedFolder(dice)));
  }
}, 3_600_000);
