/** What one master knows and what it saw, as plain data for tables of decisions. Everything is frozen: a decision changes nothing it is given. */
import type { Event, StreamHeader } from '../../../src/event/event.js';
import type { ParsedLine } from '../../../src/event/line.js';
import type { Facts, StateFacts } from '../../../src/protocol/facts.js';
import { inOrder } from '../../../src/protocol/vector.js';
import { type Answers, type Heard, type Read, readKey, type Seen } from '../../../src/protocol/seen.js';
import type { Frontier, Seal } from '../../../src/store/frontier.js';
import { genesisBase, type VersionVector } from '../../../src/timeline/timeline.js';

export const NOW = Date.UTC(2026, 0, 1);
export const HOUR = 3_600_000;
const CROCKFORD = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/** The ULID of a moment, in ms before (negative) or after now. */
export function at(ms: number, digit = '0'): string {
  let [time, text] = [NOW + ms, ''];
  for (let i = 0; i < 10; i++, time = Math.floor(time / 32)) text = `${CROCKFORD.charAt(time % 32)}${text}`;
  return text + digit.repeat(16);
}

export const EPOCH = at(-1000 * HOUR);
export const A = `a@${EPOCH}`;
export const B = `b@${EPOCH}`;

export function header(master: string, more: Partial<StreamHeader> = {}): StreamHeader {
  return {
    master,
    epoch: EPOCH,
    model: 'm',
    session: `s-${master}`,
    reason: 'new',
    after: null,
    ...more,
  };
}

export function event(master: string, seq: number, id: string, more: Partial<Event> = {}): Event {
  return { id, master, epoch: EPOCH, seq, model: 'm', tx: 't', txv: 1, args: [], meta: null, ...more };
}

export const line = (of: Event): ParsedLine => ({ kind: 'event', event: of });

export function frontier(more: Partial<Frontier> = {}): Frontier {
  const nothing = {
    head: undefined,
    seal: undefined,
    snapshot: undefined,
    fingerprint: undefined,
    engine: undefined,
    next: undefined,
  };
  return { clock: EPOCH, session: '', modelHash: 'h', seen: {}, ...nothing, ...more };
}

/** What a master published: its events up to the last of these. */
export function heard(master: string, events: readonly Event[], more: Partial<Frontier> = {}): Heard {
  const last = events.at(-1);
  const head = last && { seq: last.seq, id: last.id };
  return {
    stream: { master, epoch: EPOCH },
    frontier: frontier({ head, clock: last?.id ?? EPOCH, ...more }),
    own: master === 'a',
  };
}

export function seal(H: string, V: Record<string, number>, more: Partial<Seal> = {}): Seal {
  return { no: 1, by: A, H, V, chain: [], ...more };
}

export interface Known extends Partial<Omit<Facts, 'state' | 'own' | 'settings'>> {
  readonly state?: Partial<StateFacts>;
  readonly own?: Partial<Facts['own']>;
  readonly settings?: Partial<Facts['settings']>;
}

/** A master named a that holds these events. */
export function facts(
  { state = {}, own = {}, settings = {}, ...more }: Known = {},
  events: readonly Event[] = [],
): Facts {
  const accepted = new Map<string, number>();
  const lastIds = new Map<string, string>();
  for (const { master, epoch, seq, id } of events) {
    accepted.set(`${master}@${epoch}`, seq);
    lastIds.set(`${master}@${epoch}`, id);
  }
  const mine = events.filter(({ master }) => master === 'a').at(-1);
  const durable = mine && { seq: mine.seq, id: mine.id };
  return frozen({
    settings: { sealer: false, retention: HOUR, patience: 24 * HOUR, maxClockDrift: 1000, ...settings },
    now: NOW,
    location: '/shared',
    own: {
      key: A,
      header: header('a'),
      durable,
      last: own.durable ?? durable,
      failure: undefined,
      moved: {},
      ends: {},
      ...own,
    },
    seal: undefined,
    isObeyed: true,
    future: 0,
    cut: new Map(),
    state: {
      isBuilt: true,
      accepted,
      seen: accepted,
      lastIds,
      base: genesisBase().position,
      baseVector: new Map(),
      entries: inOrder(events).map((of) => ({ event: of, undo: undefined, error: undefined })),
      genesis: { ...genesisBase(), root: () => ({}) },
      ...state,
    },
    published: { clock: durable?.id ?? EPOCH, snapshot: undefined },
    promises: new Map(),
    gone: new Map(),
    saved: undefined,
    tried: '',
    unusable: [],
    countedTo: EPOCH,
    shedUnder: '',
    snapshotBytes: 0,
    asked: undefined,
    obstacle: () => undefined,
    ...more,
  });
}

/** What was heard, and what was read so far. */
export function seen(list: readonly Heard[], ...answers: readonly (readonly [Read, Answers[keyof Answers]])[]): Seen {
  return frozen({ heard: list, answers: new Map(answers.map(([read, answer]) => [readKey(read), answer])) });
}

/** Answers whatever is asked for from streams that lie in a store. */
export class Shelf {
  readonly #streams: ReadonlyMap<string, readonly Event[]>;
  readonly #headers: ReadonlyMap<string, StreamHeader>;
  readonly snapshots = new Map<string, Answers['snapshot']>();
  readonly asked: string[] = [];

  constructor(events: readonly Event[], headers: readonly StreamHeader[] = [header('a'), header('b'), header('c')]) {
    const streams = new Map<string, Event[]>();
    for (const of of events) {
      const key = `${of.master}@${of.epoch}`;
      streams.set(key, [...(streams.get(key) ?? []), of]);
    }
    this.#streams = streams;
    this.#headers = new Map(headers.map((of) => [`${of.master}@${of.epoch}`, of]));
  }

  /** Decides as a master does: reads what is needed, and again. */
  decide<T extends { readonly kind: string }>(
    list: readonly Heard[],
    decide: (of: Seen) => T,
  ): Exclude<T, { kind: 'need' }> {
    const answers = new Map<string, Answers[keyof Answers]>();
    for (let round = 0; round < 50; round++) {
      const decided = decide(frozen({ heard: list, answers: new Map(answers) }));
      if (decided.kind !== 'need') return decided as Exclude<T, { kind: 'need' }>;
      const { reads } = decided as unknown as { reads: readonly Read[] };
      expect(reads.length).toBeGreaterThan(0);
      for (const read of reads) {
        expect(answers.has(readKey(read))).toBe(false);
        this.asked.push(readKey(read));
        answers.set(readKey(read), this.#answer(read));
      }
    }
    throw new Error('It asks for ever more');
  }

  #answer(read: Read): Answers[keyof Answers] {
    const key = `${read.stream.master}@${read.stream.epoch}`;
    switch (read.kind) {
      case 'header':
        return this.#headers.get(key);
      case 'lines': {
        const events = this.#streams.get(key) ?? [];
        const from = events.findIndex(({ seq }) => seq === read.after + 1);
        return from < 0
          ? []
          : events
              .slice(from)
              .filter(({ seq }) => seq <= read.upTo)
              .map(line);
      }
      case 'listings':
        return [...this.snapshots.keys()].map((position) => ({ position }));
      case 'snapshot':
        return this.snapshots.get(read.listing.position) ?? {};
      case 'snapshot-seal':
        return this.snapshots.get(read.listing.position)?.base?.seal;
      case 'deletable':
        return 100;
    }
  }
}

export const vector = (counts: Record<string, number>): VersionVector => new Map(Object.entries(counts));

/** Maps and lists included. */
function frozen<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  if (value instanceof Map) {
    const refuse = (): never => {
      throw new TypeError('A decision changed what it was given');
    };
    for (const entry of value.values()) frozen(entry);
    Object.assign(value, { set: refuse, delete: refuse, clear: refuse });
  }
  for (const entry of Object.values(value)) frozen(entry);
  return Object.freeze(value);
}
