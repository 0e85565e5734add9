import { settle } from './rest.js';
import type { Schedule } from './schedule.js';
import { World } from './world.js';

/** Why a schedule failed, and what happened until then. */
export interface Failure {
  readonly error: Error;
  readonly trace: readonly string[];
}

/** Runs one schedule from its first step to rest; `undefined` if all was well. */
export async function run(schedule: Schedule): Promise<Failure | undefined> {
  const world = new World(schedule);
  try {
    for (const step of schedule.steps) await world.apply(step);
    await settle(world);
    return undefined;
  } catch (error) {
    return { error: error as Error, trace: [...world.trace, ...(await describe(world))] };
  }
}

/** Where every master stands, and what the seals say. */
async function describe(world: World): Promise<string[]> {
  const lines = [...world.chronicle.seals.values()].map(
    ({ no, by, H, V }) => `seal ${no} by ${by} up to ${H}: ${JSON.stringify(V)}`,
  );
  for (const [key, { header, events, published }] of world.chronicle.streams)
    lines.push(
      `${key} (${JSON.stringify(header)}): ${events.map(({ id, args }) => `${(args as string[])[0]!} ${id}`).join(', ')}; published ${published}`,
    );
  for (const { label, master, disk } of world.machines) {
    const files = disk.paths().filter((path) => path.endsWith('.ndjson'));
    lines.push(`${label} has ${files.map((path) => `${path.slice(8)} (${disk.peek(path)?.length ?? 0})`).join(', ')}`);
    if (master === undefined) continue;
    const { streams, seal, held, cut, undo, notices, readOnly } = await master.status();
    const counts = Object.entries(streams).map(([key, { accepted, published }]) => `${key} ${accepted}/${published}`);
    lines.push(`  at seal ${seal?.no ?? 0}, base ${undo.base}: ${counts.join(', ')}; cut ${JSON.stringify(cut)}`);
    for (const text of [...held.map(({ reason, message }) => `${reason}: ${message}`), ...notices, readOnly ?? ''])
      if (text !== '') lines.push(`  ${text}`);
  }
  return lines;
}
