import { crc32 } from 'node:zlib';
import { decodeFrontier, type Seal } from '../../src/store/frontier.js';
import type { Chronicle } from './chronicle.js';
import type { Machine } from './machine.js';

/** Something that must never happen. */
export class Violation extends Error {}

/** How much of each stream is in a state. */
type Accepted = Readonly<Record<string, { readonly accepted: number }>>;

/** What is looked at beside the machine itself. */
export interface Surroundings {
  readonly chronicle: Chronicle;
  readonly sealer: Machine;
}

/** Looks at what a master has accepted: it obeys the seal, and nothing counts together with its re-issue. */
export async function look({ chronicle, sealer }: Surroundings, machine: Machine): Promise<void> {
  const { master } = machine;
  if (machine === sealer && master === undefined) chronicle.promised.clear();
  if (master === undefined) return;
  const { streams, seal } = await master.status();
  if (!machine.isRefused) obeys(chronicle, machine, streams, seal);
  keepsAccepted(chronicle, machine, streams, seal);
  const rejected = master.rejections().map(({ id }) => id);
  leavesFinal(machine, streams, rejected);
  if (seal !== undefined && !machine.isRefused && holdsAll(seal, streams))
    machine.final = { seal, rejected: rejected.filter((id) => id <= seal.H) };
  const tokens = new Map<string, string>();
  for (const [key, { accepted }] of Object.entries(streams))
    for (const { args } of chronicle.stream(key).events.slice(0, accepted)) {
      const token = (args as string[])[0]!;
      const other = tokens.get(token);
      if (other !== undefined)
        throw new Violation(`${token} counts twice in the state of ${machine.label}: in ${other} and ${key}`);
      tokens.set(token, key);
    }
  if (machine === sealer) notePromises(chronicle, machine, streams);
}

/** Nothing that the seal in force calls dead is in a state. */
function obeys(chronicle: Chronicle, { label }: Machine, streams: Accepted, seal: Seal | undefined): void {
  for (const [key, { accepted }] of Object.entries(streams)) {
    const named = seal?.V[key] ?? 0;
    const next = chronicle.stream(key).events[named];
    if (seal !== undefined && accepted > named && next !== undefined && next.id <= seal.H)
      throw new Violation(`${label} counts event ${named + 1} of ${key}, which seal ${seal.no} calls dead`);
  }
}

/** What a master has accepted and has seen to be in no file any more stays, unless a seal says that it does not count. */
function keepsAccepted(
  chronicle: Chronicle,
  { label, kept }: Machine,
  streams: Accepted,
  seal: Seal | undefined,
): void {
  for (const [key, count] of kept) {
    const named = seal?.V[key] ?? 0;
    const next = chronicle.stream(key).events[named];
    const isCut = seal !== undefined && named < count && next !== undefined && next.id <= seal.H;
    const accepted = streams[key]?.accepted ?? 0;
    if (accepted < (isCut ? named : count)) throw new Violation(`${label} lets go of ${key}: ${accepted} of ${count}`);
  }
}

/**
 * Notes what the master of a machine has accepted that is in no file there any more, when it has seen that.
 *
 * @param before files when its sync began: what vanishes later is seen at the next one
 */
export async function noteKept({ master, disk, kept }: Machine, before: readonly string[]): Promise<void> {
  if (master === undefined) return;
  const { streams, seal } = await master.status();
  const paths = [...before, ...disk.paths()];
  for (const [key, { accepted }] of Object.entries(streams)) {
    const isThere = paths.some((path) => path.startsWith(`/shared/${key.replace('@', '/')}/`));
    if (!isThere && accepted > (seal?.V[key] ?? 0)) kept.set(key, accepted);
  }
}

/** Whether a state contains all that a seal names. */
export function holdsAll({ V }: Seal, streams: Accepted): boolean {
  return Object.entries(V).every(([key, count]) => (streams[key]?.accepted ?? 0) >= count);
}

/** Nobody undoes behind its base: what was held whole up to a seal stays as it is. */
function leavesFinal({ label, final, applied }: Machine, streams: Accepted, rejected: readonly string[]): void {
  const ids = applied.splice(0);
  if (final === undefined) return;
  const { seal } = final;
  const late = ids.find((id) => id <= seal.H);
  if (late !== undefined) throw new Violation(`${label} applies ${late}, behind seal ${seal.no}, which it held whole`);
  if (!holdsAll(seal, streams)) throw new Violation(`${label} lacks events that seal ${seal.no} names, and had them`);
  const now = rejected.filter((id) => id <= seal.H);
  if (now.join() !== final.rejected.join())
    throw new Violation(`${label} rejects ${now.join()} up to seal ${seal.no}, and did ${final.rejected.join()}`);
}

/** Which promises the sealer has seen and can count, because it has all events up to the head that came with them. */
function notePromises(chronicle: Chronicle, { disk }: Machine, streams: Accepted): void {
  const before = chronicle.promised;
  chronicle.promised = new Map();
  for (const [key, { accepted }] of Object.entries(streams)) {
    const bytes = disk.peek(`/shared/${key.replace('@', '/')}/frontier.json`);
    const frontier = decodeFrontier(bytes && new TextDecoder().decode(bytes), crc32);
    if (frontier === undefined || frontier.next !== undefined) continue;
    // All events of a stream follow the moment at which it began.
    const clock = accepted >= (frontier.head?.seq ?? 0) ? frontier.clock : (before.get(key) ?? key.slice(-26));
    chronicle.promised.set(key, clock);
  }
}
