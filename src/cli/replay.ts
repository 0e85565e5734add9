import { counted } from '../article.js';
import { crcText } from '../event/checksum.js';
import { type StreamId, streamKey } from '../event/event.js';
import { parseLine } from '../event/line.js';
import { lastUlidAt } from '../event/ulid.js';
import { Master } from '../master.js';
import { ClassTable } from '../model/class-table.js';
import type { ModelClass } from '../model/definition.js';
import { definitionOf } from '../model/prevalent.js';
import { decideOpening } from '../protocol/opening.js';
import { streamOf } from '../protocol/vector.js';
import { Executor } from '../state/executor.js';
import { StateEncoder } from '../state/snapshot-encoder.js';
import type { FolderStore } from '../store/folder/folder-store.js';
import { MemoryStore } from '../store/memory/memory-store.js';
import { Snapshots } from '../sync/snapshot/snapshots.js';
import type { Examination } from './examination.js';
import type { Print } from './folder.js';
import { ObserverStore } from './observer-store.js';

/** A name for the observer that no master of the folder has. */
function freeName(found: readonly Examination[]): string {
  const taken = new Set(found.map(({ stream }) => stream.master));
  let name = 'verify';
  for (let number = 2; taken.has(name); number++) name = `verify-${number}`;
  return name;
}

/** Replays the whole history of a folder and compares each snapshot with the state at its position. Gives what is wrong. */
export async function replayProblems(
  store: FolderStore,
  model: ModelClass,
  found: readonly Examination[],
  print: Print,
): Promise<string[]> {
  const whole = !found.some(({ frontier }) => frontier?.snapshot !== undefined);
  const reader = await readerOf(store, model);
  const master = await Master.open(model, {
    name: freeName(found),
    store: new ObserverStore(store, whole),
    maxClockDrift: Number.MAX_SAFE_INTEGER,
    snapshotEvery: Number.MAX_SAFE_INTEGER,
  });
  try {
    const { held, streams } = await master.status();
    const problems: string[] = [];
    for (const hold of held) {
      const text = `${streamKey(hold)} cannot be replayed from event ${hold.seq} on: ${hold.message}`;
      // Cut by an operator: nothing is behind it any more.
      const isCut = found.some(({ stream, cut }) => cut !== undefined && streamKey(stream) === streamKey(hold));
      if (isCut && hold.reason === 'gap') print(text);
      else problems.push(text);
    }
    const events = Object.values(streams).reduce((sum, { accepted }) => sum + accepted, 0);
    print(
      `Replayed ${counted(events, 'event')}${whole ? '' : ' (the earliest of them as a snapshot, because not all of them are there)'}; ${master.rejections().length} of them are rejected.`,
    );
    for (const { stream, snapshots } of found)
      for (const position of snapshots) {
        const problem = await snapshotProblem(store, reader, master, stream, position);
        if (problem === undefined) continue;
        if (problem.isDamage) problems.push(`the snapshot ${position} of ${streamKey(stream)} ${problem.text}`);
        else print(`The snapshot ${position} of ${streamKey(stream)} ${problem.text}`);
      }
    return problems;
  } finally {
    await master.close();
  }
}

/** What reads the snapshots of a model. */
interface Reader {
  readonly snapshots: Snapshots;
  readonly classes: ClassTable;
}

async function readerOf(store: FolderStore, model: ModelClass): Promise<Reader> {
  const definition = definitionOf(model);
  const classes = new ClassTable(definition);
  const executor = new Executor(definition, classes, { call: (one, args, self) => one.method.apply(self, args) });
  // Of a master that writes nothing.
  const journal = await new MemoryStore().open({
    master: 'reader',
    model: definition.name,
    local: undefined,
    newEpoch: () => lastUlidAt(0),
    decide: decideOpening,
  });
  const genesis = (): object => executor.genesis();
  const own = { journal, header: journal.header };
  return { classes, snapshots: new Snapshots(store, own, { definition, classes, genesis }) };
}

async function snapshotProblem(
  store: FolderStore,
  { snapshots, classes }: Reader,
  master: Master<object>,
  stream: StreamId,
  position: string,
): Promise<{ text: string; isDamage: boolean } | undefined> {
  try {
    const loaded = await snapshots.read(stream, { position });
    if (!(await holdsAll(store, loaded.vector, master, position)))
      return {
        text: 'does not hold late events that came before its position since; it is passed over',
        isDamage: false,
      };
    const expected = fingerprintOf(await master.at(position), classes, store);
    return fingerprintOf(loaded.root(), classes, store) === expected
      ? undefined
      : { text: 'is not what a replay of the events up to it gives', isDamage: true };
  } catch (error) {
    if ((error as { code?: unknown }).code === 'HISTORY_DELETED')
      return { text: 'cannot be compared: the events before it are deleted', isDamage: false };
    return { text: `cannot be read: ${(error as Error).message}`, isDamage: true };
  }
}

/** Tells whether a snapshot contains every accepted event up to its position, and nothing else. */
async function holdsAll(
  store: FolderStore,
  vector: ReadonlyMap<string, number>,
  master: Master<object>,
  position: string,
): Promise<boolean> {
  for (const [key, { accepted }] of Object.entries((await master.status()).streams)) {
    const held = vector.get(key) ?? 0;
    if (held > accepted) return false;
    const [line] = held < accepted ? await store.read(streamOf(key), held, held + 1) : [];
    const next = line === undefined ? undefined : parseLine(line, store.crc32);
    if (next?.kind === 'event' && next.event.id <= position) return false;
  }
  return true;
}

/** Differs if the states do: their bytes depend on the state alone. */
function fingerprintOf(root: object, classes: ClassTable, { crc32 }: FolderStore): string {
  const encoder = new StateEncoder(root, classes);
  let [crc, bytes] = [0, 0];
  while (!encoder.done) {
    for (const chunk of encoder.advance(() => false)) {
      crc = crc32(chunk, crc);
      bytes += chunk.length;
    }
  }
  return `${crcText(crc)}-${bytes}`;
}
