import { ClockBehindError, StoreBehindError, Master, PrevalentError, SeparateHistoriesError } from '../../src/index.js';

import { Board } from './board.js';
import { Chronicle } from './chronicle.js';
import { Dice } from './dice.js';
import { openTwin, replaceJournal, vanish } from './intruders.js';
import { look, noteKept, Violation } from './look.js';
import { Machine, PowerCut } from './machine.js';
import type { Schedule, Setting, Step } from './schedule.js';
import { Synchroniser } from './synchroniser.js';

const START = Date.UTC(2026, 0, 1);
const DRIFT = 500;
const YEAR = 365 * 86_400_000;
const KEYS = ['apple', 'pear', 'plum'];

/** A call that was made. */
export interface Made {
  readonly machine: Machine;
  /** What it returned: uuid and time as they were when it was first made. */
  readonly stamp: string;
  acknowledged: boolean;
  /** A restored backup does not contain it, and no other machine had it. */
  lost: boolean;
}

/** Machines, their masters, and the files between them. */
export class World {
  readonly setting: Setting;
  readonly machines: Machine[] = [];
  readonly chronicle: Chronicle;
  readonly synchroniser: Synchroniser;
  readonly calls = new Map<string, Made>();
  readonly trace: string[] = [];
  readonly #seed: number;
  /** Whether some clock is set by years somewhere in this schedule. */
  readonly #clocksJump: boolean;
  #tokens = 0;
  /** Masters whose folders vanished. */
  readonly vanished = new Set<string>();
  /** The machine whose master seals. */
  sealer: Machine;
  time = START;

  constructor({ seed, setting, steps }: Schedule) {
    this.setting = setting;
    this.#seed = seed;
    this.#clocksJump = steps.some(({ kind }) => kind === 'clock');
    this.chronicle = new Chronicle(
      setting.sealing === 'islands',
      () => this.time + this.sealer.offset - setting.patience,
    );
    this.synchroniser = new Synchroniser(setting.deletes, (path, bytes) => {
      this.chronicle.carried(path, bytes);
    });
    for (let i = 0; i < setting.founders; i++) this.#join();
    this.sealer = this.machines[0]!;
  }

  get living(): Machine[] {
    return this.machines.filter(({ isGone }) => !isGone);
  }

  log(text: string): void {
    this.trace.push(`${String(this.time - START).padStart(6)} ${text}`);
  }

  /** Lets one step happen, and checks what must hold after each. */
  async apply({ kind, who, detail }: Step): Promise<void> {
    const dice = new Dice(detail);
    this.time += dice.below(20);
    const { living } = this;
    const machine = living[who % living.length]!;
    this.log(`${kind} ${machine.label}`);
    try {
      await this.#step(kind, machine, dice);
    } catch (error) {
      const isSplit = error instanceof SeparateHistoriesError && this.chronicle.isSplit;
      if (!(error instanceof PowerCut) && !isSplit) throw error;
      this.log(`  ${error.message}`);
    }
    machine.disk.disarm();
    await look(this, machine);
    this.check();
  }

  check(): void {
    const [violation] = this.chronicle.violations;
    if (violation !== undefined) throw new Violation(violation);
  }

  async #step(kind: Step['kind'], machine: Machine, dice: Dice): Promise<void> {
    const { setting } = this;
    switch (kind) {
      case 'upload':
        for (const path of [...machine.files.dirty])
          if (dice.chance(0.6)) this.synchroniser.upload(machine.files, path);
        return;
      case 'download':
        this.download(machine, dice);
        return;
      case 'sleep':
        this.time += dice.below(dice.pick([setting.patience < 1e6 ? setting.patience * 3 : 500, 300, 5_000]));
        return;
      case 'clock':
        machine.offset = dice.chance(0.2) ? (dice.next() - 0.5) * 6 * YEAR : (dice.next() - 0.5) * 2 * setting.skew;
        return;
      case 'join':
        if (this.machines.length < 6) this.#join();
        return;
      case 'die':
        if (this.living.length > 1) this.#die(machine, dice);
        return;
      case 'takeover':
        await this.#takeOver(machine);
        return;
      case 'backup':
        machine.backUp();
        return;
      case 'restore':
        this.#restore(machine, dice);
        return;
      case 'clone':
        if (this.machines.length < 6) this.#clone(machine, dice);
        return;
      case 'vanish':
        vanish(this, machine, dice);
        return;
      case 'crash':
        throw machine.cutPower(dice);
      default:
        if (kind !== 'replace' && dice.below(100) < setting.crashes) this.#crashLater(machine, dice);
        await machine.during(() => this.#act(kind, machine, dice));
    }
  }

  async #act(kind: Step['kind'], machine: Machine, dice: Dice): Promise<void> {
    if (kind === 'restart') {
      const { master } = machine;
      machine.master = undefined;
      await master?.close();
      await this.open(machine);
      return;
    }
    const master = await this.open(machine);
    if (kind === 'replace') return replaceJournal(this, machine, dice);
    if (kind === 'twin') return openTwin(this, machine, dice);
    if (kind === 'call') {
      for (let left = 1 + dice.below(3); left > 0; left--) {
        const made = this.call(machine, master, dice);
        if (dice.chance(0.8)) await made;
      }
      return;
    }
    if (dice.chance(0.3)) this.#meddle(machine, dice);
    if (kind === 'snapshot') await master.snapshot();
    else if (kind === 'compact' && (await this.#mayCompact(machine, master)))
      await this.refusing(machine, master.compact());
    else {
      const before = machine.disk.paths();
      const refusal = await this.refusing(machine, master.sync());
      if (refusal === undefined) await noteKept(machine, before);
    }
  }

  /** While a master syncs, somebody calls, or files arrive. */
  #meddle(machine: Machine, dice: Dice): void {
    const calls = dice.chance(0.7);
    machine.disk.alarm(dice.below(30), false, () => {
      queueMicrotask(() => {
        if (!calls || machine.master === undefined) this.download(machine, dice);
        else
          void this.call(machine, machine.master, dice).catch((error: unknown) => {
            // While late calls are issued again, one that must be durable at once is refused.
            if (!(error instanceof StoreBehindError)) throw error;
          });
      });
    });
  }

  /** Nobody else may begin to seal: those who have not heard of it yet would seal a history of their own. */
  async #mayCompact(machine: Machine, master: Master<Board>): Promise<boolean> {
    if (this.setting.sealing === 'islands' && machine === this.machines[1]) return true;
    return machine === this.sealer || (await master.status()).seal !== undefined;
  }

  /** The sealer is gone, and an operator looks at all masters that are left before another one seals. */
  async #takeOver(machine: Machine): Promise<void> {
    if (!this.sealer.isGone) return;
    for (const other of this.living) {
      await this.refusing(other, (await this.open(other)).sync());
      this.synchroniser.uploadAll(other.files);
    }
    this.synchroniser.downloadAll(machine.files);
    this.sealer = machine;
    await this.refusing(machine, (await this.open(machine)).compact({ takeOver: true }));
  }

  /** A folder is put back to an older copy; with the private directory only if the synchroniser goes first. */
  #restore(machine: Machine, dice: Dice): void {
    // A synchroniser would take what vanished for newer, a file at a time.
    if (!machine.hasBackup || this.vanished.has(machine.name)) return;
    const all = dice.chance(0.5);
    machine.cutPower(dice);
    this.#leaveBehind(machine, dice, this.setting.sealing !== 'none' || isSaved(machine));
    machine.restore('/shared/');
    if (all) {
      machine.restore('/local/');
      if (machine === this.sealer) this.chronicle.forgotten();
    }
    this.synchroniser.reconcile(machine.files);
    const disks = this.living.map(({ disk }) => disk);
    for (const { args } of this.chronicle.restored(disks, machine.name)) {
      const made = this.calls.get((args as string[])[0]!);
      if (made?.machine === machine) made.lost = true;
    }
    if (all || !this.chronicle.isPublished(machine.disk) || dice.chance(0.5))
      this.synchroniser.downloadAll(machine.files);
  }

  /** Another machine goes on under the same name, with a copy of the folder. */
  #clone(machine: Machine, dice: Dice): void {
    const copy = new Machine(
      `m${this.machines.length}`,
      machine.name,
      this.chronicle,
      this.#seed * 16 + this.machines.length,
    );
    this.synchroniser.uploadAll(machine.files);
    // Or the files come as they come.
    if (dice.chance(0.5)) this.synchroniser.copied(machine.files, copy.files);
    this.machines.push(copy);
    // Only where patience is endless do both go on: who is silent for longer, by any clock, is taken for gone.
    if (this.setting.patience < 1e6 || this.#clocksJump || dice.chance(0.5)) this.#die(machine, dice);
  }

  /** Of what a machine has changed the last events may stay behind, unless `all` is taken; nothing is missing in the middle. */
  #leaveBehind({ files }: Machine, dice: Dice, all: boolean): void {
    if (all) {
      this.synchroniser.uploadAll(files);
      return;
    }
    const dirty = [...files.dirty].sort();
    const count = dice.chance(0.5) ? dirty.length : dice.below(dirty.length + 1);
    for (const [index, path] of dirty.entries()) {
      const isEvents = path.endsWith('.ndjson') && files.disk.peek(path) !== undefined;
      if (index < count || !isEvents || this.synchroniser.hasBehind(path)) this.synchroniser.upload(files, path);
    }
  }

  /** Makes a call on a master of a machine, perhaps one that another process has overtaken. */
  async call(machine: Machine, master: Master<Board>, dice: Dice): Promise<void> {
    const { cuts } = machine;
    const isOvertaken = (): boolean => machine.master !== master;
    const token = `t${this.#tokens++}`;
    const key = dice.pick(KEYS);
    const what = dice.pick(['put', 'claim', 'drop'] as const);
    let stamp: string;
    try {
      stamp = master.model[what](token, key);
    } catch (error) {
      if (machine.cuts === cuts && error instanceof PrevalentError && !(error instanceof ClockBehindError))
        if (!isOvertaken()) throw error;
      return;
    }
    const made: Made = { machine, stamp, acknowledged: false, lost: false };
    this.calls.set(token, made);
    this.log(`  ${machine.label} ${what} ${token}`);
    try {
      await machine.during(() => master.durable());
      // What a process says after its power has failed, nobody hears.
      made.acknowledged = machine.cuts === cuts;
    } catch (error) {
      if (error instanceof PowerCut || (error instanceof PrevalentError && isOvertaken())) return;
      throw error;
    }
  }

  #crashLater(machine: Machine, dice: Dice): void {
    machine.disk.alarm(dice.below(dice.pick([5, 15, 40])), true, () => {
      throw machine.cutPower(dice);
    });
  }

  download(machine: Machine, dice: Dice): void {
    const { torn, stale } = this.setting;
    const share = dice.pick([0.3, 0.7, 1]);
    const pending = this.synchroniser.pending(machine.files);
    for (const path of pending) {
      if (!dice.chance(share)) continue;
      if (path.startsWith(`/shared/${machine.name}/`)) {
        // What comes back of its own comes whole: with a hole in it a master would refuse to start.
        for (const one of pending.filter((other) => other.slice(0, 36) === path.slice(0, 36)))
          this.synchroniser.download(machine.files, one);
        continue;
      }
      const back = dice.below(100) < stale ? 1 + dice.below(3) : 0;
      this.synchroniser.download(machine.files, path, back, dice.below(100) < torn ? dice.next() : 1);
    }
  }

  /** Some refusals are right while files are missing; at rest none is. */
  async refusing(machine: Machine, work: Promise<unknown>): Promise<string | undefined> {
    machine.isRefused = false;
    try {
      await work;
      return undefined;
    } catch (error) {
      if (!(error instanceof PrevalentError) || error.code !== 'JOURNAL_DAMAGED') throw error;
      machine.isRefused = true;
      this.log(`  ${machine.label}: ${error.message}`);
      return error.message;
    }
  }

  async open(machine: Machine): Promise<Master<Board>> {
    if (machine.master !== undefined) return machine.master;
    const { setting } = this;
    const { cuts } = machine;
    const master = await Master.open(Board, {
      name: machine.name,
      store: machine.store(setting.segmentBytes),
      local: '/local',
      begin: machine.isRestored,
      now: () => Math.max(0, this.time + machine.offset),
      random: () => machine.random.next(),
      sealer: this.machines.indexOf(machine) < { none: 0, asked: 0, sealer: 1, islands: 2 }[setting.sealing],
      retention: setting.retention,
      patience: setting.patience,
      maxClockDrift: DRIFT,
      undoMemory: setting.undoMemory,
      durability: setting.durability,
      snapshotEvery: setting.snapshotEvery,
    });
    // A start may swallow that the disk failed, where that does no harm.
    if (machine.cuts !== cuts) throw new PowerCut(`${machine.name} has lost its power during its start`);
    machine.master = master;
    machine.final = undefined;
    machine.applied.length = 0;
    master.on('event', ({ id }) => {
      if (machine.master === master) machine.applied.push(id);
    });
    if (machine === this.sealer) this.chronicle.promised.clear();
    master.on('diverged', ({ seal, masters }) => {
      this.chronicle.violations.push(`at seal ${seal} the states of ${masters.join(' and ')} differ`);
    });
    master.on('error', (error) => {
      // What a process hears after its power has failed, nobody hears.
      if (machine.master !== master) return;
      this.chronicle.violations.push(`error at ${machine.name}: ${error.message}`);
    });
    return master;
  }

  #join(): void {
    const name = `m${this.machines.length}`;
    const machine = new Machine(name, name, this.chronicle, this.#seed * 16 + this.machines.length);
    machine.offset = (machine.random.next() - 0.5) * 2 * this.setting.skew;
    this.machines.push(machine);
  }

  /** A machine burns down: of its files those are left that were carried away before. */
  #die(machine: Machine, dice: Dice): void {
    machine.cutPower(dice);
    const hasCopy = this.living.some((other) => other !== machine && other.name === machine.name);
    this.#leaveBehind(machine, dice, hasCopy && isSaved(machine));
    machine.isGone = true;
    if (machine === this.sealer) this.chronicle.forgotten();
  }
}

/** What a snapshot contains and no journal any more would be shown by a master of this name alone, who starts from it. */
function isSaved({ disk }: Machine): boolean {
  return disk.paths().some((path) => path.endsWith('.snapshot'));
}
