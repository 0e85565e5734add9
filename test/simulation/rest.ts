import { type Event, streamKey } from '../../src/event/event.js';
import { deterministic, genesisId } from '../../src/state/determinism.js';
import type { Seal } from '../../src/store/frontier.js';
import { type Master, SeparateHistoriesError } from '../../src/index.js';
import { Board, textOf } from './board.js';
import type { Machine } from './machine.js';
import { look, noteKept, Violation } from './look.js';
import { compactAll } from './kept-journals.js';
import type { World } from './world.js';

const ROUNDS = 8;

/** Lets the world come to rest (clocks right, everything delivered, everybody syncs), and checks that all agree, and with the oracle. */
export async function settle(world: World): Promise<void> {
  world.time = Math.max(world.time, world.chronicle.latest) + 1_000;
  for (const machine of world.living) machine.offset = 0;
  world.log('rest');
  try {
    if (!world.chronicle.isSplit) await settleTogether(world);
  } catch (error) {
    // Those who had sealed apart have met only now.
    if (!(error instanceof SeparateHistoriesError) || !world.chronicle.isSplit) throw error;
  }
  if (world.chronicle.isSplit) await settleApart(world);
  else if (world.vanished.size === 0) await compare(world);
  if (!world.chronicle.isSplit && world.vanished.size === 0 && world.chronicle.seals.size > 0) await compactAll(world);
}

async function settleTogether(world: World): Promise<void> {
  const { living, synchroniser } = world;
  let refusals: string[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    refusals = [];
    // A clock that ran ahead may show only now.
    world.time = Math.max(world.time, world.chronicle.latest) + world.setting.retention + 1;
    // Whoever was not heard of until now is gone.
    if (round === 3) world.time += 2e6;
    for (const machine of living) {
      if (round === 3) await reopen(machine);
      const master = await world.open(machine);
      const before = machine.disk.paths();
      const refusal = await world.refusing(machine, master.sync());
      if (refusal !== undefined) refusals.push(refusal);
      if (refusal === undefined) await noteKept(machine, before);
      synchroniser.uploadAll(machine.files);
      for (const other of living) synchroniser.downloadAll(other.files);
      await look(world, machine);
      world.check();
    }
  }
  if (refusals.length > 0) throw new Violation(`a sync fails at rest: ${refusals[0]!}`);
}

/** History was sealed twice, apart: everybody says so, and nothing changes any more. */
async function settleApart(world: World): Promise<void> {
  const { living, synchroniser } = world;
  const deliver = (): void => {
    for (const machine of living) synchroniser.uploadAll(machine.files);
    for (const machine of living) synchroniser.downloadAll(machine.files);
  };
  const refuse = async (machine: Machine): Promise<string> => {
    try {
      await (await world.open(machine)).sync();
    } catch (error) {
      if (error instanceof SeparateHistoriesError) return machine.master?.query(textOf) ?? '';
      throw error;
    }
    throw new Violation(`${machine.label} goes on syncing, although history was sealed twice`);
  };
  // First everybody publishes; who has heard of one side only still goes on with that.
  for (const machine of living) await refuse(machine).catch(() => '');
  deliver();
  const before: string[] = [];
  for (const machine of living) before.push(await refuse(machine));
  deliver();
  for (const [index, machine] of living.entries())
    if ((await refuse(machine)) !== before[index])
      throw new Violation(`${machine.label} changes, although syncing stopped`);
  world.check();
}

/** What a master finds at its start must be what it had. */
async function reopen(machine: Machine): Promise<void> {
  const { master } = machine;
  machine.master = undefined;
  await master?.close();
}

async function compare(world: World): Promise<void> {
  const machines = world.living;
  const first = machines[0]!.master!;
  const { seal, streams } = await first.status();
  const accepted = new Map(Object.entries(streams).map(([key, one]) => [key, one.accepted]));
  const counting = oracle(world, seal, accepted);
  const { board, rejected } = fold(counting);
  const expected = textOf(board);
  for (const machine of machines) await agree(machine, expected, rejected, seal, accepted);
  everyCallOnce(world, counting, board);
}

async function agree(
  machine: Machine,
  expected: string,
  rejected: readonly string[],
  seal: Seal | undefined,
  accepted: ReadonlyMap<string, number>,
): Promise<void> {
  const master: Master<Board> = machine.master!;
  const status = await master.status();
  if (JSON.stringify(status.seal) !== JSON.stringify(seal))
    throw new Violation(`${machine.label} is at seal ${status.seal?.no ?? 0}, not ${seal?.no ?? 0}`);
  for (const [key, { accepted: count }] of Object.entries(status.streams))
    if (count !== (accepted.get(key) ?? 0))
      throw new Violation(`${machine.label} has accepted ${count} of ${key}, others ${accepted.get(key) ?? 0}`);
  const text = master.query(textOf);
  if (text !== expected) throw new Violation(`${machine.label} is\n${text}, not\n${expected}`);
  const rejections = master.rejections().map(({ id }) => id);
  if (JSON.stringify(rejections) !== JSON.stringify(rejected))
    throw new Violation(`${machine.label} rejects ${rejections.join()}, not ${rejected.join()}`);
}

/** All events that count, in order: what the chronicle and the last seal say. */
function oracle(world: World, seal: Seal | undefined, accepted: ReadonlyMap<string, number>): Event[] {
  const gone = new Set(world.machines.filter(({ isGone }) => isGone).map(({ name }) => name));
  const found: Event[] = [];
  for (const [key, { header, events }] of world.chronicle.streams) {
    const after = header?.after ?? null;
    if (after !== null && (seal === undefined || seal.H < after)) continue;
    // What a machine that is gone did not publish is gone with it; all others must agree on how much that is.
    const master = key.split('@')[0]!;
    const known = gone.has(master) ? events.slice(0, accepted.get(key) ?? 0) : events;
    for (const event of known) {
      if (seal !== undefined && event.id <= seal.H && event.seq > (seal.V[key] ?? 0)) break;
      found.push(event);
    }
  }
  return found.sort((left, right) => (left.id < right.id ? -1 : 1));
}

/** The state that events give, on an instance that no master manages. */
function fold(events: readonly Event[]): { board: Board; rejected: string[] } {
  let board = deterministic(genesisId('board'), () => new Board());
  const rejected: string[] = [];
  for (const event of events) {
    const next = copy(board);
    try {
      const [token, key] = event.args as string[];
      deterministic(event.origin ?? event.id, () => next[event.tx as 'put'](token!, key!));
      board = next;
    } catch {
      rejected.push(event.id);
    }
  }
  return { board, rejected };
}

function copy(board: Board): Board {
  const next = Object.create(Board.prototype) as Board;
  return Object.assign(next, { notes: new Map(board.notes), made: new Map(board.made), counter: board.counter });
}

function everyCallOnce(world: World, counting: readonly Event[], board: Board): void {
  const tokens = new Map<string, Event>();
  for (const event of counting) {
    const token = (event.args as string[])[0]!;
    const twice = tokens.get(token);
    if (twice !== undefined)
      throw new Violation(
        `${token} counts twice: ${twice.id} of ${streamKey(twice)}, ${event.id} of ${streamKey(event)}`,
      );
    tokens.set(token, event);
  }
  for (const [token, { machine, acknowledged, lost }] of world.calls)
    if (acknowledged && !lost && !machine.isGone && !tokens.has(token))
      throw new Violation(`${token} of ${machine.name} is lost`);
  // A crash may keep a call whose caller never heard of it.
  for (const [token, stamp] of board.made) {
    const first = world.calls.get(token)?.stamp;
    if (first !== undefined && first !== stamp)
      throw new Violation(`${token} made ${first} first and ${stamp} in the end`);
  }
}
