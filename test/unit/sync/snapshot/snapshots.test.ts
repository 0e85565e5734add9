import { crc32 } from 'node:zlib';
import { Master, MemoryStore, Prevalent, SnapshotDamagedError, Transaction } from '../../../../src/index.js';
import { ClassTable } from '../../../../src/model/class-table.js';
import { definitionOf } from '../../../../src/model/prevalent.js';
import { decideOpening } from '../../../../src/protocol/opening.js';
import { StateEncoder } from '../../../../src/state/snapshot-encoder.js';
import { readFrames } from '../../../../src/sync/snapshot/frames.js';
import type { SnapshotPlace } from '../../../../src/sync/snapshot/header.js';
import type { SnapshotBase } from '../../../../src/protocol/seen.js';
import { Snapshots } from '../../../../src/sync/snapshot/snapshots.js';
import type { Entry } from '../../../../src/timeline/entry.js';
import { FolderNetwork } from '../../../../src/testing/index.js';
import { graphText } from '../../../property/state-graph.js';

class Note {
  constructor(readonly text: string) {}
}

@Prevalent('snapshots', { classes: [Note] })
class Notes {
  readonly all: Note[] = [];
  readonly index = new Map<string, Note>();
  @Transaction() write(text: string): void {
    const note = new Note(text);
    this.all.push(note);
    this.index.set(text, note);
  }
}

const POSITION = '01HF7YAT01003QQVXG0000000Z';
const STREAM = { master: 'a', epoch: '01HF7YAT00FQ2VRP41VVTGRSXB' };
const definition = definitionOf(Notes);
const classes = new ClassTable(definition);

function placeWith(streams: number, rejections: readonly Entry[] = []): SnapshotPlace {
  const vector = new Map(Array.from({ length: streams }, (_, i) => [`m${i}@${STREAM.epoch}`, i + 1]));
  return { position: POSITION, vector, rejections, seal: 7 };
}

/** Writes a snapshot, and reads it as `damage` leaves it. */
class Bench {
  store = new MemoryStore();
  snapshots!: Snapshots;
  bytes = new Uint8Array(0);

  async write(root: object, place: SnapshotPlace): Promise<this> {
    const request = {
      master: 'a',
      model: 'snapshots',
      local: undefined,
      newEpoch: () => STREAM.epoch,
      decide: decideOpening,
    };
    const journal = await this.store.open(request);
    this.snapshots = new Snapshots(
      this.store,
      { journal, header: journal.header },
      { definition: definition, classes: classes, genesis: () => new Notes() },
    );
    const encoder = new StateEncoder(root, classes);
    async function* chunks(): AsyncGenerator<Uint8Array> {
      while (!encoder.done) yield* encoder.advance(() => false);
    }
    await this.snapshots.write(place, { chunks: chunks(), nodes: () => encoder.nodes });
    const pieces: Uint8Array[] = [];
    for await (const piece of this.store.readSnapshot(STREAM, { position: POSITION })) pieces.push(piece);
    this.bytes = Buffer.concat(pieces);
    return this;
  }

  /** Reads other bytes in place of those that were written, in pieces of this size. */
  read(bytes: Uint8Array = this.bytes, piece = bytes.length): Promise<SnapshotBase> {
    this.store.readSnapshot = async function* () {
      for (let at = 0; at < bytes.length; at += piece) yield bytes.subarray(at, at + piece);
    };
    return this.snapshots.read(STREAM, { position: POSITION });
  }
}

function smallState(): Notes {
  const notes = new Notes();
  notes.write('first');
  notes.write('é 😀');
  return notes;
}

const rejection = (text: string): Entry => ({
  event: { ...STREAM, id: POSITION, seq: 1, model: 'snapshots', tx: 'write', txv: 1, args: [text], meta: null },
  undo: undefined,
  error: `Error: ${text}`,
});

test('comes back with all it says, in pieces of any size', async () => {
  const state = smallState();
  const place = placeWith(2, [rejection('no é')]);
  const bench = await new Bench().write(state, place);
  for (const piece of [1, 2, 3, 7, 100, 100_000]) {
    const { position, vector, rejections, seal, root } = await bench.read(bench.bytes, piece);
    expect({ position, vector, rejections, seal }).toEqual(place);
    expect(graphText(root())).toBe(graphText(state));
  }
});

test('every flip of every bit of a small snapshot is found, and the error names the place', async () => {
  const bench = await new Bench().write(smallState(), placeWith(1));
  for (let at = 0; at < bench.bytes.length; at++) {
    for (let bit = 0; bit < 8; bit++) {
      const damaged = bench.bytes.slice();
      damaged[at]! ^= 1 << bit;
      await expect(bench.read(damaged)).rejects.toThrow(
        /^The snapshot 01HF7YAT01003QQVXG0000000Z of a@01HF7YAT00FQ2VRP41VVTGRSXB in memory cannot be used \(it (does not begin as|is damaged at byte \d+|ends in the middle, at byte \d+)/,
      );
    }
  }
});

test('every truncation, everything behind the end, and frames that are lost, repeated or in another place', async () => {
  const bench = await new Bench().write(smallState(), placeWith(1));
  const { bytes } = bench;
  for (let length = 0; length < bytes.length; length++)
    await expect(bench.read(bytes.subarray(0, length))).rejects.toThrow(SnapshotDamagedError);
  await expect(bench.read(Buffer.concat([bytes, new Uint8Array(1)]))).rejects.toThrow(/ends in the middle/);
  await expect(bench.read(Buffer.concat([bytes, bytes]))).rejects.toThrow(/is damaged at byte/);
  const frames = await framesOf(bytes);
  expect(frames.length).toBe(4);
  const mixed = [
    frames.filter((_, at) => at !== 1),
    frames.filter((_, at) => at !== 2),
    frames.slice(0, -1),
    [...frames, frames[3]!],
    [frames[0]!, frames[2]!, frames[1]!, frames[3]!],
    [...frames.slice(0, 3), frames[2]!, frames[3]!],
  ];
  for (const one of mixed) await expect(bench.read(Buffer.concat(one))).rejects.toThrow(SnapshotDamagedError);
});

/** The first line and each frame. */
async function framesOf(bytes: Uint8Array): Promise<Uint8Array[]> {
  const first = bytes.indexOf(10) + 1;
  const frames = [bytes.subarray(0, first)];
  let at = first;
  async function* whole(): AsyncGenerator<Uint8Array> {
    yield bytes;
  }
  for await (const { content } of readFrames(whole(), crc32))
    frames.push(bytes.subarray(at, (at += content.length + 9)));
  return frames;
}

test('very many streams and rejections, and very large ones', async () => {
  const rejections = [
    ...Array.from({ length: 2000 }, (_, i) => rejection(`number ${i}`)),
    rejection('é😀'.repeat(1_000_000)),
  ];
  const place = placeWith(20_000, rejections);
  const bench = await new Bench().write(smallState(), place);
  for await (const { content } of readFrames(pieces(bench.bytes), crc32))
    expect(content.length).toBeLessThan(1_000_000);
  const loaded = await bench.read(bench.bytes, 65_536);
  expect(loaded.vector).toEqual(place.vector);
  expect(loaded.rejections).toEqual(rejections);
});

async function* pieces(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 10_000) yield bytes.subarray(at, at + 10_000);
}

test('a snapshot of the older format, of lines, is passed over', async () => {
  const bench = await new Bench().write(smallState(), placeWith(1));
  const old = new TextEncoder().encode('{"v":1,"kind":"snapshot","model":"snapshots"}\n');
  await expect(bench.read(old)).rejects.toThrow(/does not begin as a snapshot of this version does/);
});

test('one that says another position is passed over', async () => {
  const bench = await new Bench().write(smallState(), placeWith(1));
  const { bytes } = bench;
  bench.store.readSnapshot = () => pieces(bytes);
  const other = bench.snapshots.read(STREAM, { position: `${POSITION.slice(0, 25)}0` });
  await expect(other).rejects.toThrow(/it says it is 01HF7YAT01003QQVXG0000000Z/);
});

test('after any damage to the newest snapshot a master starts from the next older one, and says so', async () => {
  const network = new FolderNetwork(['a']);
  const master = await Master.open(Notes, network.place('a'));
  for (const text of ['one', 'two', 'three']) {
    await master.transact((notes) => notes.write(text));
    if (text !== 'three') await master.snapshot();
  }
  const state = graphText(master.query((notes) => notes));
  await master.close();
  const disk = network.disk('a');
  const newest = disk
    .paths()
    .filter((path) => path.endsWith('.snapshot'))
    .at(-1)!;
  const bytes = disk.peek(newest)!;
  for (let at = 0; at < bytes.length; at += 5) {
    const damaged = bytes.slice();
    damaged[at]! ^= 16;
    for (const content of [damaged, bytes.subarray(0, at)]) {
      disk.put(newest, content);
      const again = await Master.open(Notes, network.place('a'));
      expect(graphText(again.query((notes) => notes))).toBe(state);
      const { notices } = await again.status();
      expect(notices).toHaveLength(1);
      expect(notices[0]).toMatch(/^The snapshot \w+ of a@\w+ in \/shared cannot be used/);
      await again.close();
    }
  }
});

test('a crash at any moment of writing one leaves those before it', async () => {
  for (let crashAt = 1; ; crashAt++) {
    const network = new FolderNetwork(['a']);
    const disk = network.disk('a');
    const master = await Master.open(Notes, network.place('a'));
    await master.transact((notes) => notes.write('one'));
    await master.snapshot();
    await master.transact((notes) => notes.write('two'));
    let operations = 0;
    const crashes: string[] = [];
    disk.fault = (_, path) => {
      if (!path.includes('/snapshots') || ++operations !== crashAt) return;
      crashes.push(path);
      network.crash('a', () => 0.5);
    };
    // What waits for a machine without power waits for ever.
    const finished = await Promise.race([master.snapshot().then(() => true), afterTurns(100)]);
    disk.fault = () => undefined;
    if (crashes.length === 0) {
      expect(finished).toBe(true);
      expect(crashAt).toBeGreaterThan(5);
      return;
    }
    const again = await Master.open(Notes, network.place('a'));
    expect(again.query(({ all }) => all.map(({ text }) => text))).toEqual(['one', 'two']);
    expect((await again.status()).notices.join()).not.toMatch(/cannot be used/);
    expect(disk.paths().filter((path) => path.endsWith('.tmp'))).toEqual([]);
    await again.close();
  }
});

async function afterTurns(count: number): Promise<boolean> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
  return false;
}
