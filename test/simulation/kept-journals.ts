import { crc32 } from 'node:zlib';
import { parseLine } from '../../src/event/line.js';
import type { Seal } from '../../src/store/frontier.js';
import { holdsAll, Violation } from './look.js';
import type { Machine } from './machine.js';
import type { World } from './world.js';

const SEGMENT = /^\/shared\/([^/]+)\/([^/]+)\/\d{16}\.ndjson$/;
const text = new TextDecoder();

/** Lets everybody at rest compact, and checks that no journal keeps what a snapshot at the last seal stands in for. */
export async function compactAll(world: World): Promise<void> {
  const { living, synchroniser } = world;
  // Twice: what one master seals the others must hear of.
  for (let round = 0; round < 2; round++)
    for (const machine of living) {
      const refusal = await world.refusing(machine, machine.master!.compact());
      if (refusal !== undefined) throw new Violation(`${machine.label} cannot compact at rest: ${refusal}`);
      synchroniser.uploadAll(machine.files);
      for (const other of living) synchroniser.downloadAll(other.files);
    }
  world.check();
  for (const machine of living) {
    const { seal, streams } = await machine.master!.status();
    // Events that are gone with a machine are waited for, by all.
    if (seal !== undefined && holdsAll(seal, streams)) keepsLittle(machine, seal);
  }
}

/** Of its own streams the newest events are kept, those after the seal, and no stream that was cut. */
function keepsLittle({ label, name, disk }: Machine, seal: Seal): void {
  const { session } = JSON.parse(text.decode(disk.peek('/local/session.json'))) as { session: string };
  const sessions = new Map<string, string>();
  const files = new Map<string, { path: string; last: number }[]>();
  for (const path of disk.paths().sort()) {
    const [, master, epoch = ''] = SEGMENT.exec(path) ?? [];
    if (master !== name) continue;
    const named = seal.V[`${name}@${epoch}`] ?? 0;
    for (const line of text.decode(disk.peek(path)).split('\n')) {
      const parsed = parseLine(line, crc32);
      if (parsed.kind === 'header') sessions.set(epoch, parsed.header.session);
      if (parsed.kind !== 'event' || sessions.get(epoch) !== session) continue;
      const { id, seq } = parsed.event;
      if (seq > named && id <= seal.H) throw new Violation(`${label} keeps ${path} of a stream that was cut`);
      const known = files.get(epoch)?.find((one) => one.path === path);
      if (known === undefined) files.set(epoch, [...(files.get(epoch) ?? []), { path, last: seq }]);
      else known.last = seq;
    }
  }
  for (const [epoch, segments] of files)
    for (const { path, last } of segments.slice(0, -1))
      if (last <= (seal.V[`${name}@${epoch}`] ?? 0))
        throw new Violation(`${label} keeps ${path}, all of which seal ${seal.no} names`);
}
