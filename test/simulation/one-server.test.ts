/**
 * Several masters on one server at the same time: every call takes its time, is lost, or is answered by nobody although it took effect;
 * processes are killed and their names taken over.
 */
import { type Store, StoreUnreachableError } from '../../src/index.js';
import { type Connection, type Fate, RemoteMemoryServer, RemoteMemoryStore } from '../../src/testing/index.js';
import { Crowd, type Ground } from './crowd.js';
import { Dice } from './dice.js';
import { FOUND_ON_SERVER } from './found.js';
import { seeds } from './seeds.js';
import { Turns } from './turns.js';

class Server implements Ground, Connection {
  readonly durabilities = ['group', 'none'] as const;
  readonly wrong = [];
  readonly #server = new RemoteMemoryServer();
  readonly #turns: Turns;
  readonly #dice: Dice;
  /** How often a call fails. */
  #trouble: number;

  constructor(dice: Dice) {
    this.#dice = dice;
    this.#turns = new Turns(dice);
    this.#trouble = dice.pick([0, 0.01, 0.03, 0.1]);
  }

  store(name: string): Store {
    // Whoever had the name before is gone, or was never answered.
    this.#server.expire(name);
    return new RemoteMemoryStore(this.#server, this);
  }

  kill(name: string): void {
    this.#server.expire(name);
  }

  run(work: readonly Promise<void>[]): Promise<void> {
    return this.#turns.run(work, () => undefined);
  }

  calm(): void {
    this.#trouble = 0;
  }

  isPassing(error: unknown): boolean {
    return error instanceof StoreUnreachableError;
  }

  travel = (): Promise<void> => this.#turns.next();
  pause = (): Promise<void> => this.#turns.next();

  fate = (): Fate => {
    if (!this.#dice.chance(this.#trouble)) return 'answered';
    return this.#dice.pick(['lost', 'unanswered'] as const);
  };
}

async function live(seed: number): Promise<void> {
  const dice = new Dice(seed);
  await Crowd.live(seed, new Crowd(dice, new Server(dice)));
}

const [first, last] = seeds({ quick: 60, ci: 300, deep: 10_000 });

test(`masters that use one server at the same time agree, whatever becomes of their calls (seeds ${first} to ${last})`, async () => {
  for (let seed = first; seed <= last; seed++) await live(seed);
}, 3_600_000);

test.each(FOUND_ON_SERVER)('found and mended: $found', ({ seed }) => live(seed));
