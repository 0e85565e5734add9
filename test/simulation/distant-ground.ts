import { setTimeout } from 'node:timers/promises';
import { type Store, StoreUnreachableError } from '../../src/index.js';
import type { CuttingProxy } from '../cutting-proxy.js';
import type { Ground } from './crowd.js';
import type { Dice } from './dice.js';

/** A process that has a store; what a dead one has sent may still take effect. */
export interface Process {
  isDead: boolean;
}

/** A real server behind a proxy that cuts connections at random: before the server has what was sent, or after, before it answers. */
export abstract class DistantGround implements Ground {
  readonly durabilities = ['group', 'none'] as const;
  readonly wrong = [];
  protected readonly proxy: CuttingProxy;
  readonly #alive = new Map<string, Process>();

  constructor(dice: Dice, proxy: CuttingProxy) {
    const trouble = dice.pick([0, 0.005, 0.02, 0.05]);
    proxy.fate = () => (dice.chance(trouble) ? dice.pick(['before', 'after'] as const) : 'none');
    this.proxy = proxy;
  }

  /** The store of a process, whose name is free by then. */
  protected abstract storeOf(name: string, process: Process): Store;

  store(name: string): Store {
    this.kill(name);
    const process = { isDead: false };
    this.#alive.set(name, process);
    return this.storeOf(name, process);
  }

  kill(name: string): void {
    const process = this.#alive.get(name);
    if (process !== undefined) process.isDead = true;
  }

  async run(work: readonly Promise<void>[]): Promise<void> {
    await Promise.all(work);
  }

  readonly pause = (): Promise<void> => setTimeout(1);

  calm(): void {
    this.proxy.fate = () => 'none';
  }

  isPassing(error: unknown): boolean {
    return error instanceof StoreUnreachableError;
  }
}
