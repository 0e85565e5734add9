import type { StreamHeader } from '../../event/event.js';
import type { Journal, Store } from '../../store/store.js';
import type { StorePlace } from './place.js';
import { holds, same } from './verdict.js';
import { bytesOf, chunksOf, NOTHING, readsAs, seqs, Writer } from './writer.js';

const [FIRST, SECOND] = [1, 2].map((last) => `${'0'.repeat(25)}${last}`) as [string, string];

/** What a call that was not answered may have left behind, and what one that was answered has. */
interface Written {
  readonly header: StreamHeader;
  /** Events that are there with the stream, or the stream is not there. */
  readonly born: number;
  /** Events that were acknowledged, and those that were sent. */
  acknowledged: number;
  sent: number;
  /** Events that may be deleted by now. */
  deletable: number;
  /** The stream itself may be. */
  isDeletable: boolean;
  /** What others may find published. */
  frontiers: (string | undefined)[];
  /** By position: whether a snapshot is there. */
  readonly snapshots: Map<string, 'there' | 'gone' | 'unknown'>;
}

/** What one life of a master writes, step by step, and what must be there whatever happens in between. */
export class Life {
  readonly writer = new Writer('a');
  readonly #at: StorePlace;
  #store: Store;
  #journal: Journal | undefined;
  readonly #streams: Written[] = [];
  /** By frontiers: the head that was to be remembered before they were published. */
  readonly #heads = new Map<string, string>();

  constructor(at: StorePlace) {
    this.#at = at;
    this.#store = at.open();
  }

  /** All steps, in order. Each may be done again until it succeeds, with the same arguments. */
  steps(): (() => Promise<void>)[] {
    return [
      () => this.start(),
      this.#append(3),
      () => this.#publish('first'),
      this.#append(2),
      () => this.#do((journal) => journal.rotate()),
      this.#append(1),
      () => this.#do((journal) => journal.cutBack(this.#current().acknowledged)),
      () => this.#snapshot(FIRST),
      () => this.#publish('second'),
      () => this.#snapshot(SECOND),
      () => this.#remove(FIRST),
      this.#succeed(2),
      () => this.#retire('left'),
      this.#append(2),
      () => this.#do((journal) => journal.rotate()),
      this.#append(1),
      () => this.#publish('third', 4),
      () => this.#deleteEvents(4),
      () => this.#deleteStream(),
      () => this.#publish('fourth', 4),
      this.#append(1),
    ];
  }

  /** Opens the journal, as a new process does after the last one has ended. */
  async start(): Promise<void> {
    this.#journal ??= await this.#store.open(this.writer.request);
    const { header, head } = this.#journal;
    const known = this.#streams.find((stream) => stream.header.epoch === header.epoch);
    const found = head?.seq ?? 0;
    if (known === undefined) {
      holds(this.#streams.length === 0, 'another stream begins, although the last one can go on');
      same(found, 0, 'the last event of a stream that begins');
      this.#begin(header, 0);
    } else {
      const later = this.#streams.slice(this.#streams.indexOf(known) + 1);
      holds(!later.some(({ acknowledged }) => acknowledged > 0), 'a stream goes on that was succeeded by another one');
      const isWhole = found >= known.acknowledged && found <= known.sent;
      holds(isWhole, `it goes on after event ${found}; ${known.acknowledged} were acknowledged, ${known.sent} sent`);
      known.acknowledged = known.sent = found;
    }
    await this.#lookAtMemory(header);
  }

  /** What is remembered is not older than what others may have read. */
  async #lookAtMemory({ epoch }: StreamHeader): Promise<void> {
    const { session } = this.writer.facts ?? {};
    const listing = (await this.#store.streams()).find(({ stream }) => stream.epoch === epoch);
    const published = this.#heads.get(listing?.frontier ?? '');
    if (published === undefined || session?.epoch !== epoch) return;
    holds((session.head?.id ?? '') >= published, `"${String(listing?.frontier)}" is published, and not remembered`);
  }

  /** The process is killed; what was not acknowledged may be there or not. */
  async die(): Promise<void> {
    if (this.#journal !== undefined) await this.#at.kill(this.#journal);
    this.#journal = undefined;
    this.#store = this.#at.open();
  }

  async end(): Promise<void> {
    await this.#journal?.close();
    this.#journal = undefined;
  }

  /** Everything acknowledged is there, once and in order; of the rest a beginning at most. */
  async look(): Promise<void> {
    const reader = this.#at.open();
    const listed = await reader.streams();
    for (const stream of this.#streams) {
      if (stream.isDeletable) continue;
      await this.#lookAtEvents(reader, stream);
      await this.#lookAtSnapshots(reader, stream);
      const listing = listed.find(({ stream: { epoch } }) => epoch === stream.header.epoch);
      if (listing === undefined) holds(stream.sent === 0 || stream.acknowledged === 0, 'a stream is not listed');
      else {
        const isKnown = stream.frontiers.includes(listing.frontier);
        holds(isKnown, `${String(listing.frontier)} is published, not ${stream.frontiers.map(String).join(' or ')}`);
      }
    }
  }

  async #lookAtEvents(reader: Store, { header, born, acknowledged, sent, deletable }: Written): Promise<void> {
    const isBorn = (await reader.header(header)) !== undefined;
    const found = seqs(reader, await reader.read(header, deletable, 1e6));
    await readsAs(
      reader,
      header,
      deletable,
      found.map((_, index) => deletable + index + 1),
    );
    const end = deletable + found.length;
    const least = Math.max(acknowledged, isBorn ? born : 0);
    const isWhole = (end >= least && end <= sent) || (found.length === 0 && least <= deletable);
    holds(isWhole, `events up to ${end} are there; ${acknowledged} were acknowledged, and ${sent} were sent`);
    holds(isBorn || found.length === 0, 'events are there without the header of their stream');
  }

  async #lookAtSnapshots(reader: Store, { header, snapshots }: Written): Promise<void> {
    const listed = (await reader.snapshots(header)).map(({ position }) => position);
    for (const [position, is] of snapshots) {
      if (is !== 'unknown') same(listed.includes(position), is === 'there', `whether there is a snapshot ${position}`);
      if (listed.includes(position))
        same(new TextDecoder().decode(await bytesOf(reader, { header }, position)), `state of ${position}`);
    }
  }

  #begin(header: StreamHeader, born: number): void {
    const nothing = { acknowledged: 0, deletable: 0, isDeletable: false, frontiers: [undefined] };
    this.#streams.push({ header, born, sent: born, ...nothing, snapshots: new Map() });
  }

  async #do(work: (journal: Journal) => Promise<unknown>): Promise<void> {
    await work(this.#open());
  }

  #append(count: number): () => Promise<void> {
    let lines: string | undefined;
    return async () => {
      const [journal, stream] = [this.#open(), this.#current()];
      const from = stream.acknowledged + 1;
      lines ??= this.writer.lines(this.#store, stream.header, from, stream.acknowledged + count);
      stream.sent = Math.max(stream.sent, stream.acknowledged + count);
      await journal.append(lines, from);
      stream.acknowledged += count;
    };
  }

  async #publish(frontier: string, deletable = 0): Promise<void> {
    const [journal, stream] = [this.#open(), this.#current()];
    const upTo = Math.min(deletable, Math.max(stream.acknowledged - 1, 0));
    stream.frontiers.push(frontier);
    const head = { seq: stream.acknowledged, id: this.writer.next() };
    this.#heads.set(frontier, head.id);
    await journal.publish(frontier, { ...NOTHING, head, deletable: upTo });
    stream.frontiers = [frontier];
  }

  async #retire(frontier: string): Promise<void> {
    const [journal, earlier] = [this.#open(), this.#earlier()];
    if (earlier === undefined) return;
    earlier.frontiers.push(frontier);
    await journal.retire(earlier.header, frontier);
    earlier.frontiers = [frontier];
  }

  async #snapshot(position: string): Promise<void> {
    const [journal, { snapshots }] = [this.#open(), this.#current()];
    snapshots.set(position, 'unknown');
    await journal.writeSnapshot(position, chunksOf('state', ` of ${position}`));
    snapshots.set(position, 'there');
  }

  async #remove(position: string): Promise<void> {
    const [journal, { snapshots }] = [this.#open(), this.#current()];
    snapshots.set(position, 'unknown');
    await journal.removeSnapshot({ position });
    snapshots.set(position, 'gone');
  }

  #succeed(count: number): () => Promise<void> {
    let next: { readonly header: StreamHeader; readonly lines: string } | undefined;
    return async () => {
      const journal = this.#open();
      if (next === undefined) {
        const header = this.writer.successor(journal, this.#current().acknowledged);
        next = { header, lines: this.writer.lines(this.#store, header, 1, count) };
        this.#begin(header, count);
      }
      const successor = await journal.succeed(next.header, next.lines);
      const stream = this.#streams.find(({ header }) => header.epoch === successor.header.epoch);
      if (stream !== undefined) stream.acknowledged = count;
      this.#journal = successor;
      await journal.close();
    };
  }

  async #deleteEvents(upTo: number): Promise<void> {
    const [journal, stream] = [this.#open(), this.#current()];
    const end = Math.min(upTo, Math.max(stream.acknowledged - 1, 0));
    stream.deletable = end;
    await journal.deleteEvents(stream.header, end);
    same(await journal.deletableEvents(stream.header, end), 0, 'what could still be deleted');
  }

  async #deleteStream(): Promise<void> {
    const [journal, earlier] = [this.#open(), this.#earlier()];
    if (earlier === undefined) return;
    earlier.isDeletable = true;
    await journal.deleteStream(earlier.header);
    const left = (await this.#at.open().streams()).map(({ stream: { epoch } }) => epoch);
    holds(!left.includes(earlier.header.epoch), 'a stream that was deleted is listed');
  }

  #open(): Journal {
    if (this.#journal === undefined) throw new Error('no journal is open');
    return this.#journal;
  }

  #current(): Written {
    const stream = this.#streams.find(({ header }) => header.epoch === this.#open().header.epoch);
    if (stream === undefined) throw new Error('the stream is not known');
    return stream;
  }

  /** The stream before the one that is written, if that was begun. */
  #earlier(): Written | undefined {
    const first = this.#streams[0];
    return first === this.#current() ? undefined : first;
  }
}
