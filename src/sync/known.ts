import { ULID_MIN } from '../event/ulid.js';
import { streamKey } from '../event/event.js';
import type { Hold } from '../protocol/hold.js';
import type { Adoption } from '../protocol/adopt.js';
import type { Decision } from '../protocol/decide.js';
import { engineNotice, enginesOf } from '../protocol/engines.js';
import type { CompactOptions, Facts, Gone, Saved, SealedSnapshot } from '../protocol/facts.js';
import { savedAfter } from '../protocol/keep.js';
import { sealHash } from '../protocol/seal.js';
import type { Sealing } from '../protocol/sealing.js';
import type { Heard } from '../protocol/seen.js';
import type { Replica } from '../replica/replica.js';
import type { Frontier, Head, Seal } from '../store/frontier.js';
import type { Base } from '../timeline/fold.js';
import { genesisBase, type VersionVector } from '../timeline/timeline.js';
import { jsEngine } from './js-engine.js';
import type { ResolvedOptions } from './options.js';
import type { OwnStream } from './own-stream.js';

/** What was last published, and when. */
interface Published {
  /** The text that tells it from anything newer. */
  readonly news: string;
  /** In ms. */
  readonly time: number;
  readonly head: Head | undefined;
  readonly clock: string;
  /** Position of the snapshot that the frontier on disk names. */
  readonly standing: string | undefined;
}

/**
 * What one master knows of the protocol: the only mutable state of it. Beside it, events are the timeline's, what is accepted is the
 * replica's, and what is durable is the own stream's.
 */
export class Known {
  readonly options: ResolvedOptions;
  /** The JavaScript engine of this master, such as `v8 12.4`; `undefined` if it is not known. */
  readonly engine = jsEngine();
  #seal: Seal | undefined;
  /** The seal that the state obeys. */
  #obeyed: Seal | undefined;
  #future = 0;
  #cut: VersionVector = new Map();
  #isBuilt = false;
  /** What had been accepted before this start. */
  #seenBefore: VersionVector = new Map();
  #published: Published = { news: '', time: -Infinity, head: undefined, clock: ULID_MIN, standing: undefined };
  #offer: { readonly key: string; readonly snapshot: SealedSnapshot | undefined } | undefined;
  #snapshotBytes = 0;
  #promises: ReadonlyMap<string, string> = new Map();
  #gone: ReadonlyMap<string, Gone> = new Map();
  #saved: Saved | undefined;
  #tried = '';
  #unusable: readonly string[] = [];
  #countedTo: string = ULID_MIN;
  #shedUnder = '';
  #rotatedAt: number | undefined;
  #sinceSnapshot = 0;
  #holds: readonly Hold[] = [];
  readonly #notices: string[];
  readonly #heads = new Map<string, number>();
  #engines: ReadonlyMap<string, string> = new Map();
  /** Engines of others that a notice told of. */
  readonly #toldEngines = new Set<string>();
  /** Masters whose state differs from this one's, and at which seal. */
  readonly #diverged = new Map<string, number>();

  /** @param seal the newest one that this machine remembers @param notices what happened when the journal was opened */
  constructor(options: ResolvedOptions, seal: Seal | undefined, notices: readonly string[]) {
    this.options = options;
    this.#seal = seal;
    this.#notices = [...notices];
  }

  /** Wall clock in ms. */
  get now(): number {
    return this.options.now();
  }

  /** The seal in force. */
  get seal(): Seal | undefined {
    return this.#seal;
  }

  /** Whether the state holds nothing any more that the seal in force says does not count. */
  get isObeyed(): boolean {
    return this.#obeyed === this.#seal;
  }

  /** Hash of the seal that the state obeys; `undefined` if there is none. */
  get obeyed(): string | undefined {
    return this.#obeyed && sealHash(this.#obeyed);
  }

  /** Whether the state was built since the start. */
  get isBuilt(): boolean {
    return this.#isBuilt;
  }

  /** Streams of which nothing more counts, with how many of their events do. */
  get cut(): VersionVector {
    return this.#cut;
  }

  /** Streams that go no further for now. */
  get holds(): readonly Hold[] {
    return this.#holds;
  }

  /** What happened since this master was opened and needs no answer. */
  get notices(): readonly string[] {
    return this.#notices;
  }

  /** Number of the last event that each stream's master has published, as far as heard. */
  get heads(): ReadonlyMap<string, number> {
    return this.#heads;
  }

  /** JavaScript engines of the others, by master, as far as heard. */
  get engines(): ReadonlyMap<string, string> {
    return this.#engines;
  }

  /** Number of the last own event that others may read. */
  get published(): number {
    return this.#published.head?.seq ?? 0;
  }

  /** Everything, as plain data at this moment. @param durable last own event on disk, if it is to stay the same over many decisions */
  facts(replica: Replica, own: OwnStream, asked?: CompactOptions, durable = own.durable): Facts {
    const { timeline, accepted, lastIds, executor, calls } = replica;
    const { key, header, last, failure, journal } = own;
    const genesis: Base = { ...genesisBase(), root: () => executor.genesis() };
    const { base, baseVector, entries } = timeline;
    const seen = accepted.size > 0 ? accepted : this.#seenBefore;
    return {
      settings: this.options,
      now: this.options.now(),
      location: own.location,
      own: { key, header, durable, last, failure, moved: journal.moved, ends: journal.ends },
      seal: this.#seal,
      isObeyed: this.isObeyed,
      future: this.#future > (this.#seal?.no ?? 0) ? this.#future : 0,
      cut: this.#cut,
      state: { isBuilt: this.#isBuilt, accepted, seen, lastIds, base, baseVector, entries, genesis },
      published: { clock: this.#published.clock, snapshot: this.#offered(own) },
      promises: this.#promises,
      gone: this.#gone,
      saved: this.#saved,
      tried: this.#tried,
      unusable: this.#unusable,
      countedTo: this.#countedTo,
      shedUnder: this.#shedUnder,
      snapshotBytes: this.#snapshotBytes,
      asked,
      obstacle: (event) => calls.obstacle(event),
    };
  }

  // What lies in a stream that was left is offered by that one's frontier.
  #offered(own: OwnStream): SealedSnapshot | undefined {
    return this.#offer?.key === own.key ? this.#offer.snapshot : undefined;
  }

  /** Positions of the snapshots that others may start from: the one offered, and the one they know of. */
  standIns(own: OwnStream): readonly string[] {
    return [this.#offered(own)?.position, this.#published.standing].filter((position) => position !== undefined);
  }

  /** What had been accepted before this start; told while nothing is loaded yet. */
  resume(seen: Readonly<Record<string, number>>): void {
    this.#seenBefore = new Map(Object.entries(seen));
  }

  /** How far others have published, and on which engines. */
  hear(heard: readonly Heard[]): void {
    for (const { stream, frontier } of heard)
      if (frontier !== undefined) this.#heads.set(streamKey(stream), frontier.head?.seq ?? 0);
    this.#engines = enginesOf(heard);
    const notice = engineNotice(this.engine, this.#engines, this.#toldEngines);
    if (notice === undefined) return;
    this.notice(notice);
    for (const engine of this.#engines.values()) this.#toldEngines.add(engine);
  }

  /** Another seal may be in force. */
  adopt({ seal, future, notice }: Adoption): void {
    this.#seal = seal;
    this.#future = future;
    if (notice !== undefined) this.notice(notice);
  }

  /** A decision was carried out: the state obeys the seal in force now. */
  decided(decision: Decision): void {
    const { holds, cut, gone, tried, unusable, notices } = decision;
    this.#saved = savedAfter(this.#saved, decision);
    this.#holds = holds;
    this.#cut = cut;
    this.#gone = gone;
    this.#tried = tried;
    this.#unusable = unusable;
    this.#notices.push(...notices);
    this.#obeyed = this.#seal;
    this.#isBuilt = true;
  }

  /** A snapshot was written, which a start can use as long as no event comes in before it. */
  save(saved: Saved): void {
    this.#saved = saved;
  }

  /** It was decided whether to seal: a new seal is in force before it is published. */
  sealed({ seal, countedTo, promises }: Sealing): void {
    this.#countedTo = countedTo;
    this.#promises = promises;
    if (seal !== undefined) this.#seal = this.#obeyed = seal;
  }

  /** It was looked under these circumstances for what can go. */
  shed(circumstances: string): void {
    this.#shedUnder = circumstances;
  }

  /** Whether a segment has to end because another seal is in force; asked once for each. */
  takesNewSegment(): boolean {
    const isNew = this.#rotatedAt !== this.#seal?.no;
    this.#rotatedAt = this.#seal?.no;
    return isNew;
  }

  /** Says with the next publication that this snapshot is there. @param bytes what it takes, if it was written just now */
  offer(own: OwnStream, snapshot: SealedSnapshot | undefined, bytes = this.#snapshotBytes): void {
    this.#offer = { key: own.key, snapshot };
    this.#snapshotBytes = bytes;
  }

  /** Events came into the state: they count towards the next snapshot. */
  gained(events: number): void {
    this.#sinceSnapshot += events;
  }

  /** Whether enough events came since the last snapshot for another one. */
  get isSnapshotDue(): boolean {
    return this.#sinceSnapshot >= this.options.snapshotEvery;
  }

  /** Whether enough came for one before the master is closed: it saves the next start time. */
  get isLastSnapshotDue(): boolean {
    return this.#sinceSnapshot * 10 >= this.options.snapshotEvery;
  }

  /** A snapshot is begun, whatever comes of it: a disk that is full is not asked again at every call. Gives whether anything is new. */
  snapshotTried(): boolean {
    const isChanged = this.#sinceSnapshot > 0;
    this.#sinceSnapshot = 0;
    return isChanged;
  }

  /** Whether there is anything new to say, or it is time to be heard again. @param idle how long (ms) a frontier may stand */
  isToPublish(news: string, idle: number): boolean {
    return news !== this.#published.news || Math.abs(this.options.now() - this.#published.time) >= idle;
  }

  /** A frontier was published. */
  publishedAs({ head, clock, snapshot }: Frontier, news: string, time: number): void {
    this.#published = { news, time, head, clock, standing: snapshot?.position };
  }

  /** Notes something that happened and needs no answer. */
  notice(text: string): void {
    this.#notices.push(text);
  }

  /** Whether it is news that a stream's master is in another state at a seal. */
  divergesAt(key: string, no: number): boolean {
    const isNews = this.#diverged.get(key) !== no;
    this.#diverged.set(key, no);
    return isNews;
  }
}
