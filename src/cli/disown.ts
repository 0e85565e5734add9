import { counted } from '../article.js';
import { InvalidOptionError } from '../errors.js';
import { type Event, type StreamHeader, streamKey } from '../event/event.js';
import { LineWriter } from '../event/line-writer.js';
import { isUlid } from '../event/ulid.js';
import { UlidClock } from '../event/ulid-clock.js';
import { reissue } from '../protocol/reissue.js';
import { type FileSystem, replaceFile } from '../store/folder/file-system.js';
import type { FolderStore } from '../store/folder/folder-store.js';
import { FRONTIER_FILE, snapshotName, streamDirectory } from '../store/folder/layout.js';
import { withoutLinks } from '../store/folder/link-guard.js';
import { nodeFileSystem } from '../store/folder/node-file-system.js';
import { readSession, writeSession } from '../store/folder/session.js';
import { writeStream } from '../store/folder/whole-stream.js';
import { encodeFrontier, type Frontier } from '../store/frontier.js';
import type { Session } from '../store/opening.js';
import { type Around, isAhead, lookAround, part, type Parted, refuseLoss } from './disowned.js';
import type { Print } from './folder.js';
import { whileClosed } from './own-machine.js';
import { cutAt, putAside } from './put-aside.js';

export interface DisownOptions {
  /** Id of the last call that stays. */
  readonly after: string;
  /** Private directory of the master on this machine, if it is not the default one. */
  readonly local?: string;
  /** The calls are made again, now. */
  readonly again?: true;
  /** The calls are not made again. */
  readonly drop?: true;
}

/**
 * Takes calls of a master of this machine back that nobody has accepted: those that it made while its clock ran ahead. All calls up to
 * `after` stay; the others are kept in `.rejected` files, and are issued again with ids of now if that is asked for. The master goes on
 * in a new epoch. Without `again` or `drop` it only tells.
 *
 * @throws InvalidOptionError (`INVALID_OPTION`) if others have accepted these calls, or a good call would be lost; JournalDamagedError
 * (`JOURNAL_DAMAGED`)
 */
export async function disown(folder: string, master: string, options: DisownOptions, print: Print): Promise<void> {
  const { after, again = false, drop = false, local: given } = options;
  if (!isUlid(after))
    throw new InvalidOptionError(`--after ${String(after)} is no id of an event; \`prevalent log\` lists them`);
  if (again && drop) throw new InvalidOptionError('Give --again or --drop, not both.');
  await whileClosed(folder, master, given, async (store, own, local) => {
    const session = await readSession(nodeFileSystem, local);
    if (session === undefined) throw new InvalidOptionError(`${local} holds no session of "${master}"; pass --local`);
    const parted: Parted[] = [];
    for (const { stream, frontier } of own) {
      const one = await part(store, stream, frontier, after);
      // A crash may leave the folder of an epoch that never began.
      if (one !== undefined) parted.push(one);
    }
    const around = await lookAround(store, parted, session.seal);
    refuseLoss(parted, master, around);
    const bad = parted.flatMap((one) => one.bad).sort((left, right) => (left.id < right.id ? -1 : 1));
    tell(bad, parted, print);
    if (bad.length === 0 && !parted.some(({ isWhole, snapshots }) => isWhole || snapshots.length > 0)) return;
    if (!again && !drop) {
      print('Nothing was changed. With --again they are made again, now; with --drop they are not.');
      return;
    }
    await new Disowning(store, local, session, around, print).carryOut(parted, again ? bad : []);
  });
}

function tell(bad: readonly Event[], parted: readonly Parted[], print: Print): void {
  for (const { stream, good, bad: gone } of parted)
    if (gone.length > 0)
      print(
        `Of ${streamKey(stream)} the first ${counted(good?.seq ?? 0, 'call')} ${good?.seq === 1 ? 'stays' : 'stay'}, and ${gone.length} after that ${gone.length === 1 ? 'goes' : 'go'}:`,
      );
  for (const { id, tx, args } of bad) print(`${id} ${tx} ${JSON.stringify(args)}`);
  if (bad.length === 0) print('There is no call after that.');
}

/** What is done, in this order: a crash in between leaves the calls in place, and what was issued again is not issued once more. */
class Disowning {
  readonly #store: FolderStore;
  readonly #fs: FileSystem;
  readonly #local: string;
  readonly #session: Session;
  readonly #around: Around;
  readonly #print: Print;
  readonly #clock = new UlidClock({ now: Date.now, random: Math.random, maxDrift: 0 });

  constructor(store: FolderStore, local: string, session: Session, around: Around, print: Print) {
    this.#store = store;
    this.#fs = withoutLinks(nodeFileSystem, store.location);
    this.#local = local;
    this.#session = session;
    this.#around = around;
    this.#print = print;
  }

  async carryOut(parted: readonly Parted[], again: readonly Event[]): Promise<void> {
    for (const { frontier } of this.#around.frontiers)
      if (frontier.head !== undefined && !isAhead(frontier.head.id)) this.#clock.observe(frontier.head.id);
    for (const { good, stream, isWhole } of parted) {
      if (!isWhole) this.#clock.observe(stream.epoch);
      if (good !== undefined) this.#clock.observe(good.id);
    }
    const { header, events } = await this.#begin(parted, again);
    for (const one of parted) await this.#partWith(one, header.epoch);
    this.#print(
      `${events.length === 0 ? 'No call was' : `${counted(events.length, 'call')} ${events.length === 1 ? 'was' : 'were'}`} made again. "${header.master}" goes on in a new epoch: open it as before.`,
    );
  }

  /** The new stream, whole before anything is taken from the old ones. */
  async #begin(parted: readonly Parted[], again: readonly Event[]): Promise<{ header: StreamHeader; events: Event[] }> {
    const { header: before, frontier: last } = parted.at(-1) as Parted;
    const { master, model } = before;
    const { session } = this.#session;
    const epoch = this.#clock.advance();
    const header: StreamHeader = { master, epoch, model, session, reason: 'restored', after: null };
    const done = new Set(parted.flatMap(({ bad }) => bad.map(({ origin }) => origin)));
    const events = reissue(
      again.filter(({ id }) => !done.has(id)),
      header,
      () => this.#clock.advance(),
    );
    const writer = new LineWriter(header, model, this.#store.crc32);
    const lines = events.map((event) => writer.line(event, JSON.stringify(event.args), JSON.stringify(event.meta)));
    const directory = streamDirectory(this.#store.location, header);
    await writeStream(this.#fs, directory, header, this.#store.crc32, lines.map((line) => `${line}\n`).join(''));
    const end = events.at(-1);
    const head = end && { seq: end.seq, id: end.id };
    await this.#remember(parted, epoch, head);
    await this.#publish(directory, {
      clock: head?.id ?? epoch,
      head,
      seal: this.#around.seal,
      snapshot: undefined,
      session,
      modelHash: last?.modelHash ?? '',
      engine: last?.engine,
      fingerprint: undefined,
      seen: last?.seen ?? {},
      next: undefined,
    });
    return { header, events };
  }

  #remember(parted: readonly Parted[], epoch: string, head: Frontier['head']): Promise<void> {
    const ends = Object.fromEntries(parted.map(({ stream, good }) => [stream.epoch, good?.seq ?? 0]));
    return writeSession(this.#fs, this.#local, {
      ...this.#session,
      ...{ epoch, head, seal: this.#around.seal, deletable: 0 },
      ends: { ...this.#session.ends, ...ends },
    });
  }

  async #partWith(
    { stream, frontier, good, bad, cut, later, isWhole, snapshots }: Parted,
    next: string,
  ): Promise<void> {
    const directory = streamDirectory(this.#store.location, stream);
    if (isWhole) {
      await putAside(this.#fs, `${this.#store.location}/${stream.master}`, stream.epoch, this.#print);
      return;
    }
    for (const position of snapshots)
      await putAside(this.#fs, `${directory}/snapshots`, snapshotName(position), this.#print);
    const { seal } = this.#around;
    const offered = frontier?.snapshot;
    const stands = offered !== undefined && !snapshots.includes(offered.position);
    if (frontier !== undefined)
      await this.#publish(directory, {
        ...frontier,
        ...(bad.length === 0 ? {} : { head: good, clock: good?.id ?? stream.epoch }),
        ...(frontier.seal !== undefined && isAhead(frontier.seal.H) ? { seal } : {}),
        ...(stands ? {} : { snapshot: undefined, fingerprint: undefined }),
        ...(isAhead(frontier.clock) ? { clock: good?.id ?? stream.epoch } : {}),
        next,
      });
    if (cut !== undefined) await cutAt(this.#fs, cut.file, cut.bytes, cut.byte, this.#print);
    for (const name of later) await putAside(this.#fs, directory, name, this.#print);
  }

  #publish(directory: string, frontier: Frontier): Promise<void> {
    const text = encodeFrontier(frontier, this.#store.crc32);
    return replaceFile(this.#fs, directory, FRONTIER_FILE, [new TextEncoder().encode(text)]);
  }
}
