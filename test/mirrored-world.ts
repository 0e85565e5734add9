/** Simulated machines whose files are carried as they are: older, shorter, or gone. The clock goes on by one ms at each look. */
import { Master, type MasterOptions } from '../src/index.js';
import { FolderNetwork } from '../src/testing/index.js';
import { Ledger } from './ledger.js';

export const HOUR = 3_600_000;

export type Files = ReadonlyMap<string, Uint8Array>;

export class MirroredWorld {
  readonly network: FolderNetwork;
  now = Date.UTC(2026, 0, 1);

  constructor(...names: string[]) {
    this.network = new FolderNetwork(names);
  }

  open(name: string, options: Partial<MasterOptions> = {}): Promise<Master<Ledger>> {
    return Master.open(Ledger, { ...this.network.place(name), now: () => this.now++, retention: 0, ...options });
  }

  /** Everything on a machine's disk, as a backup keeps it. */
  backup(name: string): Files {
    const disk = this.network.disk(name);
    return new Map(disk.paths().map((path) => [path, disk.peek(path)!.slice()]));
  }

  /** Puts the files of a machine back that lie below `root`, and removes all others there. */
  restore(name: string, files: Files, root = '/'): void {
    const disk = this.network.disk(name);
    for (const path of disk.paths()) if (path.startsWith(root) && !files.has(path)) disk.remove(path);
    for (const [path, bytes] of files) if (path.startsWith(root)) disk.put(path, bytes);
  }

  /** What a machine wrote reaches another as it is now: older, shorter, or gone. */
  mirror(from: string, to: string): void {
    const [source, target] = [this.network.disk(from), this.network.disk(to)];
    for (const path of target.paths())
      if (path.startsWith(`/shared/${from}/`) && source.peek(path) === undefined) target.remove(path);
    for (const path of this.network.pending(from, to)) this.network.deliver(from, to, path);
  }

  /** As `mirror`, from each to each. */
  mirrorAll(): void {
    const names = this.network.names();
    for (const from of names) for (const to of names) if (from !== to) this.mirror(from, to);
  }

  /** The folder of a master is deleted, and a synchroniser carries that on to everybody. */
  vanish(name: string): void {
    for (const machine of this.network.names()) this.network.disk(machine).remove(`/shared/${name}`);
  }

  /** Names of a machine's own files that end so. */
  filesOf(name: string, ending: string): string[] {
    const paths = this.network.disk(name).paths();
    return paths.filter((path) => path.startsWith(`/shared/${name}/`) && path.endsWith(ending));
  }

  async write(master: Master<Ledger>, ...lines: string[]): Promise<void> {
    for (const line of lines) await master.transact((ledger) => ledger.write(line));
    await master.sync();
  }
}

export const linesOf = (master: Master<Ledger>): readonly string[] => master.query((ledger) => [...ledger.lines]);
