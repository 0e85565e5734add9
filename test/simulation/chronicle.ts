import { crc32 } from 'node:zlib';
import { type Event, type StreamHeader, streamKey } from '../../src/event/event.js';
import { parseLine } from '../../src/event/line.js';
import { decodeFrontier, type Seal } from '../../src/store/frontier.js';
import { ULID_MIN, ulidTime } from '../../src/event/ulid.js';
import { sealHash } from '../../src/protocol/seal.js';
import type { WatchedDisk } from './watched-disk.js';

const SEGMENT = /^\/shared\/([^/]+)\/([^/]+)\/(\d{16})\.ndjson$/;
const FRONTIER = /^\/shared\/([^/]+)\/([^/]+)\/frontier\.json$/;
const text = new TextDecoder();

/** One stream, as far as it ever was on the disk of its master. */
export interface Chronicled {
  header: StreamHeader | undefined;
  /** Events by number, from 1. */
  readonly events: Event[];
  /** Last event that was published. */
  published: number;
  /** Events that have left their machine. */
  readonly carried: Set<number>;
  /** Last event that was deleted. */
  deleted: number;
}

/** All that was ever made durable by anybody, kept beside the world, because journals are deleted; and what must hold of it. */
export class Chronicle {
  readonly streams = new Map<string, Chronicled>();
  readonly seals = new Map<number, Seal>();
  readonly violations: string[] = [];
  /** Seals that have left the machine that made them. */
  readonly #told = new Set<string>();
  /** The greatest time that any id or seal names. */
  latest = 0;
  /** Whether history may be sealed twice, apart. */
  readonly islands: boolean;
  /** Whether it was. */
  isSplit = false;

  /** Clock promises that the sealer must count now, by stream. */
  promised = new Map<string, string>();
  /** Promises from before this time (ms) need not be waited for. */
  readonly #awakeSince: () => number;

  constructor(islands: boolean, awakeSince: () => number) {
    this.islands = islands;
    this.#awakeSince = awakeSince;
  }

  stream(key: string): Chronicled {
    let stream = this.streams.get(key);
    if (stream === undefined)
      this.streams.set(key, (stream = { header: undefined, events: [], published: 0, carried: new Set(), deleted: 0 }));
    return stream;
  }

  /** A master has changed a file of its own. */
  changed(disk: WatchedDisk, path: string, before: Uint8Array | undefined, after: Uint8Array | undefined): void {
    const segment = SEGMENT.exec(path);
    if (segment !== null) {
      const lines = this.#lines(after, before);
      for (const line of lines) this.#line(line);
      if ((after?.length ?? 0) < (before?.length ?? 0)) this.#deleted(disk, path, before, after);
      return;
    }
    if (after === undefined) return;
    const frontier = FRONTIER.exec(path);
    if (frontier !== null) this.#frontier(`${frontier[1]!}@${frontier[2]!}`, after, disk);
    else if (path.endsWith('/session.json')) {
      const { seal } = JSON.parse(text.decode(after)) as { seal?: Seal | null };
      if (seal) this.#seal(seal, disk);
    }
  }

  /** A synchroniser has taken a file. */
  carried(path: string, bytes: Uint8Array): void {
    const seal = FRONTIER.test(path) ? decodeFrontier(text.decode(bytes), crc32)?.seal : undefined;
    if (seal !== undefined) this.#told.add(sealHash(seal));
    if (!SEGMENT.test(path)) return;
    for (const line of this.#lines(bytes, undefined)) {
      const parsed = parseLine(line, crc32);
      if (parsed.kind === 'event') this.stream(streamKey(parsed.event)).carried.add(parsed.event.seq);
    }
  }

  /** A machine's folder was put back to an older copy: events that are nowhere any more never happened. Gives them. */
  restored(disks: readonly WatchedDisk[], master: string): Event[] {
    const lost: Event[] = [];
    for (const [key, stream] of this.streams) {
      if (!key.startsWith(`${master}@`)) continue;
      const kept = new Set(stream.carried);
      for (const seq of disks.flatMap((disk) => this.#numbers(disk, key))) kept.add(seq);
      let count = 0;
      while (kept.has(count + 1) || count < stream.deleted) count++;
      lost.push(...stream.events.splice(count));
    }
    return lost;
  }

  /** A machine is gone, or does not remember any more: seals that nobody has heard of were never made. */
  forgotten(): void {
    for (const [no, seal] of this.seals) if (!this.#told.has(sealHash(seal))) this.seals.delete(no);
  }

  /** Numbers of the events of a stream that are on a disk. */
  #numbers(disk: WatchedDisk, key: string): number[] {
    return disk
      .paths()
      .filter((path) => path.startsWith(`/shared/${key.replace('@', '/')}/`) && SEGMENT.test(path))
      .flatMap((path) => this.#lines(disk.peek(path), undefined))
      .map((line) => parseLine(line, crc32))
      .flatMap((parsed) => (parsed.kind === 'event' ? [parsed.event.seq] : []));
  }

  /** Whether a machine remembers to have published all that it made durable: only then it knows when its journal is too old. */
  isPublished(disk: WatchedDisk): boolean {
    const bytes = disk.peek('/local/session.json');
    if (bytes === undefined) return false;
    const { session, epoch, head } = JSON.parse(text.decode(bytes)) as Record<string, any>;
    return [...this.streams.values()].every(
      ({ header, events, published }) =>
        header === undefined ||
        header.session !== session ||
        (header.epoch === epoch ? (head?.seq ?? 0) : published) >= events.length,
    );
  }

  /** Lines of a file that were not in it before. */
  #lines(after: Uint8Array | undefined, before: Uint8Array | undefined): string[] {
    if (after === undefined) return [];
    const isMore = before !== undefined && before.length <= after.length && startsWith(after, before);
    // A line is one when its line feed is there.
    const from = isMore ? before.lastIndexOf(10) + 1 : 0;
    return text
      .decode(after.subarray(from, after.lastIndexOf(10) + 1))
      .split('\n')
      .slice(0, -1);
  }

  #line(line: string): void {
    const parsed = parseLine(line, crc32);
    if (parsed.kind === 'header') {
      this.stream(streamKey(parsed.header)).header = parsed.header;
      this.#time(parsed.header.epoch);
    } else if (parsed.kind === 'event') {
      const { event } = parsed;
      const { events } = this.stream(streamKey(event));
      const known = events[event.seq - 1];
      if (known !== undefined && known.id !== event.id)
        this.violations.push(`event ${event.seq} of ${streamKey(event)} was ${known.id} and is ${event.id}`);
      if (known === undefined && event.seq !== events.length + 1)
        this.violations.push(`event ${event.seq} of ${streamKey(event)} follows event ${events.length}`);
      events[event.seq - 1] = event;
      this.#time(event.id);
    }
  }

  #frontier(key: string, bytes: Uint8Array, disk: WatchedDisk): void {
    const frontier = decodeFrontier(text.decode(bytes), crc32);
    if (frontier === undefined) {
      this.violations.push(`the frontier of ${key} cannot be read`);
      return;
    }
    const stream = this.stream(key);
    stream.published = Math.max(stream.published, frontier.head?.seq ?? 0);
    this.#time(frontier.clock);
    if (frontier.seal !== undefined) this.#seal(frontier.seal, disk);
  }

  #seal(seal: Seal, disk: WatchedDisk): void {
    this.#time(seal.H);
    const known = this.seals.get(seal.no);
    if (known === undefined) {
      this.seals.set(seal.no, seal);
      if (!this.islands) this.#isPatient(seal, disk);
    } else if (sealHash(known) === sealHash(seal)) return;
    else if (this.islands) this.isSplit = true;
    else this.violations.push(`seal ${seal.no} by ${seal.by} is not the one by ${known.by}`);
    const previous = this.seals.get(seal.no - 1);
    if (this.islands || previous === undefined) return;
    if (seal.chain[seal.no - 2] !== sealHash(previous))
      this.violations.push(`seal ${seal.no} does not extend seal ${seal.no - 1}`);
    if (seal.H < previous.H) this.violations.push(`seal ${seal.no} ends before seal ${seal.no - 1}`);
    for (const [key, count] of Object.entries(previous.V))
      if ((seal.V[key] ?? 0) < count) this.violations.push(`seal ${seal.no} names less of ${key}`);
  }

  /** Nobody who is awake is ever cut. */
  #isPatient(seal: Seal, disk: WatchedDisk): void {
    for (const [key, clock] of this.promised) {
      // Who goes on in another stream promises there; a copy of its folder may have said so in its stead, when it had burnt down.
      const bytes = disk.peek(`/shared/${key.replace('@', '/')}/frontier.json`);
      if (decodeFrontier(bytes && text.decode(bytes), crc32)?.next !== undefined) continue;
      const first = this.streams.get(key)?.events[seal.V[key] ?? 0];
      const isCut = first !== undefined && first.id <= seal.H && first.id > (this.seals.get(seal.no - 1)?.H ?? '');
      if (isCut && first.id > clock && ulidTime(clock) >= this.#awakeSince())
        this.violations.push(`seal ${seal.no} cuts ${key}, whose master is awake`);
    }
  }

  #time(id: string): void {
    if (id !== ULID_MIN) this.latest = Math.max(this.latest, ulidTime(id));
  }

  /** What vanished from a journal must be in a snapshot that is there and published, or be issued again by a readable stream. */
  #deleted(disk: WatchedDisk, path: string, before: Uint8Array | undefined, after: Uint8Array | undefined): void {
    const kept = new Set(this.#lines(after, undefined));
    const lost = this.#lines(before, undefined)
      .filter((line) => !kept.has(line))
      .map((line) => parseLine(line, crc32));
    const master = SEGMENT.exec(path)![1]!;
    const standIns = this.#standIns(disk, master);
    for (const one of lost) {
      if (one.kind !== 'event') continue;
      const { event } = one;
      const key = streamKey(event);
      this.stream(key).deleted = Math.max(this.stream(key).deleted, event.seq);
      const isCovered = standIns.some(({ position, vector }) => {
        if ((vector[key] ?? 0) >= event.seq) return true;
        return [...this.streams.values()].some(
          ({ header }) =>
            header?.master === event.master &&
            (header.moved?.[event.epoch] ?? 0) >= event.seq &&
            header.after !== null &&
            header.after <= position,
        );
      });
      if (!isCovered)
        this.violations.push(`event ${event.seq} of ${key} was deleted, and no snapshot stands in for it`);
    }
  }

  /** The snapshots of a master that are published and whole on its disk. */
  #standIns(disk: WatchedDisk, master: string): { position: string; vector: Record<string, number> }[] {
    const found: { position: string; vector: Record<string, number> }[] = [];
    for (const path of disk.paths()) {
      if (FRONTIER.exec(path)?.[1] !== master) continue;
      const frontier = decodeFrontier(text.decode(disk.peek(path)), crc32);
      if (frontier?.snapshot === undefined) continue;
      const file = path.replace('frontier.json', `snapshots/${frontier.snapshot.position}.snapshot`);
      const bytes = disk.peek(file);
      // The header stands in it as text.
      const said = bytes === undefined ? '' : text.decode(bytes);
      const position = /"position":"([0-9A-Z]{26})"/.exec(said)?.[1];
      const counts = [...said.matchAll(/\["([a-z0-9-]+@[0-9A-Z]{26})",(\d+)[,\]]/g)];
      if (position !== undefined)
        found.push({ position, vector: Object.fromEntries(counts.map(([, key, count]) => [key!, Number(count)])) });
    }
    return found;
  }
}

function startsWith(bytes: Uint8Array, prefix: Uint8Array): boolean {
  return prefix.every((byte, index) => bytes[index] === byte);
}
