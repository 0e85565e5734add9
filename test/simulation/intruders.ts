import { type Master, PrevalentError } from '../../src/index.js';
import type { Board } from './board.js';
import type { Dice } from './dice.js';
import type { Machine } from './machine.js';
import { Violation } from './look.js';
import type { World } from './world.js';

/** Another program replaces or removes the file that a running master writes to, while it writes: git, a synchroniser, a person. */
export async function replaceJournal(world: World, machine: Machine, dice: Dice): Promise<void> {
  const master = await world.open(machine);
  const before = linesIn(machine, journalOf(machine)).length;
  let isDone = false;
  const replace = (): void => {
    if (isDone || machine.master !== master) return;
    isDone = true;
    const path = journalOf(machine);
    if (path !== undefined) world.log(`  ${meddle(world, machine, path, before, dice)}`);
  };
  machine.disk.alarm(dice.below(25), false, replace);
  const calls = Array.from({ length: dice.below(4) }, () => world.call(machine, master, dice));
  await Promise.all(calls);
  machine.disk.disarm();
  replace();
  if (dice.chance(0.5)) await world.call(machine, master, dice);
  // Before the power can fail: what is in a file without a name only is gone with its process.
  await world.refusing(machine, master.sync());
}

/** The folder of some master is deleted, while that does not run; a synchroniser carries it on. */
export function vanish(world: World, machine: Machine, dice: Dice): void {
  const { name } = dice.pick(world.machines);
  // Nobody would know any more which seals were made.
  if (name === world.sealer.name && world.sealer.isRestored) return;
  const owners = world.living.filter((one) => one.name === name);
  for (const owner of owners) {
    owner.cutPower(dice);
    owner.isRestored = true;
    owner.kept.clear();
  }
  world.log(`  the folder of ${name} vanishes`);
  world.vanished.add(name);
  world.synchroniser.vanish(
    `/shared/${name}`,
    [...new Set([machine, ...owners])].map(({ files }) => files),
  );
  for (const made of world.calls.values()) if (made.machine.name === name) made.lost = true;
}

function meddle({ setting }: World, machine: Machine, path: string, before: number, dice: Dice): string {
  const { disk } = machine;
  const lines = linesIn(machine, path);
  const first = (count: number): Uint8Array => new TextEncoder().encode(lines.slice(0, count).join(''));
  // What is gone from the open file as well must still be in memory: of calls that were made just now it is.
  if (setting.undoMemory >= 64e6 && lines.length > before && dice.chance(0.5)) {
    const kept = before + dice.below(lines.length - before);
    disk.cut(path, first(kept).length);
    return `${path} is cut to ${kept} lines`;
  }
  const kept = dice.below(lines.length + 1);
  disk.replace(path, kept === 0 ? undefined : first(kept));
  return `${path} is ${kept === 0 ? 'removed' : `put back to ${kept} lines`}`;
}

/** Another process opens the same master, with the same private directory, and sees no lock: another container, another host. */
export async function openTwin(world: World, machine: Machine, dice: Dice): Promise<void> {
  const { cuts } = machine;
  const earlier = await world.open(machine);
  const calls = Array.from({ length: dice.below(3) }, () => world.call(machine, earlier, dice));
  if (dice.chance(0.5)) await Promise.all(calls);
  if (machine.cuts !== cuts) return;
  machine.unlock();
  machine.master = undefined;
  await world.open(machine);
  calls.push(world.call(machine, earlier, dice));
  if (dice.chance(0.5)) calls.push(world.call(machine, machine.master!, dice));
  await Promise.all(calls);
  if (machine.cuts === cuts) await isFenced(machine, earlier);
}

/** Who was overtaken takes no more calls once it has looked, and says why. */
async function isFenced(machine: Machine, earlier: Master<Board>): Promise<void> {
  const codes: unknown[] = [];
  const works: (() => Promise<unknown>)[] = [
    () => earlier.sync(),
    async () => earlier.model.put('after', 'the end'),
    () => earlier.close(),
  ];
  for (const work of works)
    codes.push(
      await work().then(
        () => undefined,
        (error: unknown) => codeOf(error),
      ),
    );
  if (codes[1] !== 'READ_ONLY_MASTER')
    throw new Violation(`two processes write ${machine.label}: the earlier one says ${codes.join(', ')}`);
}

function codeOf(error: unknown): string {
  if (!(error instanceof PrevalentError)) throw error;
  return error.code;
}

function linesIn({ disk }: Machine, path: string | undefined): string[] {
  const bytes = path === undefined ? undefined : disk.peek(path);
  return new TextDecoder()
    .decode(bytes)
    .split(/(?<=\n)/)
    .filter((line) => line.endsWith('\n'));
}

/** The file that the master writes to. */
function journalOf({ disk, name }: Machine): string | undefined {
  return disk
    .paths()
    .filter((path) => path.startsWith(`/shared/${name}/`) && path.endsWith('.ndjson'))
    .sort()
    .at(-1);
}
