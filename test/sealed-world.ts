/** Simulated machines that share a folder and seal; the clock stands still unless a test moves it. */
import { Master, type MasterOptions } from '../src/index.js';
import { FolderNetwork } from '../src/testing/index.js';
import { Ledger } from './ledger.js';

export const HOUR = 3_600_000;

/** Masters are asleep when they have said nothing for so long. */
export const PATIENCE = HOUR;

export class SealedWorld {
  readonly network: FolderNetwork;
  now = Date.UTC(2026, 0, 1);

  constructor(...names: string[]) {
    this.network = new FolderNetwork(names);
  }

  open(name: string, options: Partial<MasterOptions> = {}): Promise<Master<Ledger>> {
    return Master.open(Ledger, {
      ...this.network.place(name),
      now: () => this.now++,
      retention: 0,
      patience: PATIENCE,
      ...options,
    });
  }

  /** Adds a machine and opens a newcomer on it, which finds what everybody has. */
  async join(name: string): Promise<Master<Ledger>> {
    this.network.add(name);
    this.deliver();
    return this.open(name);
  }

  /** Carries everything to everybody, deletions included. */
  deliver(): void {
    this.network.deliverAll();
    const names = this.network.names();
    for (const owner of names)
      for (const other of names) {
        if (owner === other) continue;
        const there = new Set(this.network.disk(owner).paths());
        for (const path of this.network.disk(other).paths())
          if (path.startsWith(`/shared/${owner}/`) && !there.has(path)) this.network.disk(other).remove(path);
      }
  }

  /** Everybody syncs until nobody has anything new. */
  async meet(...masters: Master<Ledger>[]): Promise<void> {
    for (let round = 0; round < 3; round++) {
      for (const master of masters) {
        await master.sync();
        this.deliver();
      }
    }
  }

  /** Files of a machine below its own folder, without the path to it. */
  files(name: string): string[] {
    const own = `/shared/${name}/`;
    return this.network
      .disk(name)
      .paths()
      .filter((path) => path.startsWith(own))
      .map((path) => path.slice(own.length));
  }
}

export const linesOf = (master: Master<Ledger>): readonly string[] => master.query((ledger) => [...ledger.lines]);
export const idsOf = (master: Master<Ledger>): readonly [string, string][] => master.query((ledger) => [...ledger.ids]);
