/** A small journal with every byte flipped or cut off in turn: never a wrong state, never a silent drop. */
import { Master, Prevalent, type PrevalentError, Transaction } from '../../src/index.js';
import { FolderNetwork, type SimulatedDisk } from '../../src/testing/index.js';
import { EFFORT, stride } from '../effort.js';

@Prevalent('d')
class Words {
  readonly all: string[] = [];
  @Transaction() add(word: string): void {
    this.all.push(word);
  }
}

const WORDS = ['one', 'two', 'three', 'four', 'five', 'six'];
/** The others are on disk, acknowledged, and known to nobody else. */
const PUBLISHED = 3;
const NOON = Date.UTC(2026, 5, 1, 12);

/** A disk as a power failure left it, to be used again and again. */
class Image {
  readonly files: ReadonlyMap<string, Uint8Array>;

  constructor(disk: SimulatedDisk) {
    this.files = new Map(disk.paths().map((path) => [path, disk.peek(path)!.slice()]));
  }

  /** Files whose names end like this. */
  named(ending: string): string[] {
    return [...this.files.keys()].filter((path) => path.endsWith(ending));
  }

  /** The same files on a new machine, one of them damaged. */
  damaged(path: string, bytes: Uint8Array): FolderNetwork {
    const network = new FolderNetwork(['a', 'b']);
    const disk = network.disk('a');
    for (const [name, held] of this.files) disk.put(name, name === path ? bytes : held);
    return network;
  }
}

function open(network: FolderNetwork, name: string): Promise<Master<Words>> {
  let now = NOON + 60_000;
  let seed = 7;
  const random = (): number => (seed = (seed * 16_807) % 2_147_483_647) / 2_147_483_647;
  return Master.open(Words, { ...network.place(name, { segmentBytes: 600 }), now: () => now++, random });
}

async function imageOf(snapshot: boolean): Promise<Image> {
  const network = new FolderNetwork(['a']);
  const master = await open(network, 'a');
  for (const [index, word] of WORDS.entries()) {
    await master.transact((words) => words.add(word));
    if (index === PUBLISHED - 1) {
      await master.sync();
      if (snapshot) await master.snapshot();
    }
  }
  network.crash('a');
  const image = new Image(network.disk('a'));
  expect(image.named('.ndjson').length).toBeGreaterThan(1);
  return image;
}

/** Every damage of one file: each byte with a bit flipped, and each shorter length. */
function* damages(bytes: Uint8Array): Generator<{ what: string; at: number; bytes: Uint8Array }> {
  for (let at = 0; at < bytes.length; at += stride(7)) {
    for (const bit of EFFORT === 'deep' ? [0, 1, 2, 3, 4, 5, 6, 7] : [at % 8]) {
      const flipped = bytes.slice();
      flipped[at]! ^= 1 << bit;
      yield { what: `bit ${bit} of byte ${at} flipped`, at, bytes: flipped };
    }
    yield { what: `cut to ${at} bytes`, at, bytes: bytes.slice(0, at) };
  }
}

const wordsOf = (master: Master<Words>): string[] => master.query(({ all }) => [...all]);
const isBeginning = (words: readonly string[]): boolean => words.join() === WORDS.slice(0, words.length).join();

/** All bytes one after the other, without the space made ahead. */
function sum(parts: readonly (Uint8Array | undefined)[]): string {
  return parts
    .map((part) => Buffer.from(part ?? []).toString('latin1'))
    .join('')
    .replace(/\t+$/, '');
}

/** What is wrong with how the journal's own master took the damage; nothing if all is right. */
async function ownProblem(
  image: Image,
  path: string,
  damage: { at: number; bytes: Uint8Array },
): Promise<string | undefined> {
  const network = image.damaged(path, damage.bytes);
  const disk = network.disk('a');
  let master: Master<Words>;
  try {
    master = await open(network, 'a');
  } catch (error) {
    const { code, message } = error as PrevalentError;
    if (code !== 'JOURNAL_DAMAGED') return `${code}: ${message}`;
    const place = /^(\S+), line \d+ \(byte (\d+)\)/.exec(message);
    if (place === null || image.files.get(place[1]!) === undefined) return `no place in: ${message}`;
    if (place[1] === path && Number(place[2]) > damage.at) return `a wrong place in: ${message}`;
    if (sum([disk.peek(path)]) !== sum([damage.bytes])) return 'the damaged file was changed';
    return undefined;
  }
  const words = wordsOf(master);
  const notices = (await master.status()).notices.join();
  await master.close();
  if (!isBeginning(words)) return `the state is ${words.join()}`;
  if (words.length === WORDS.length) return undefined;
  const torn = disk.paths().filter((one) => one.endsWith('.torn'));
  if (/unfinished bytes/.test(notices)) {
    if (words.length < PUBLISHED) return `${words.length} words are left of ${PUBLISHED} that were published`;
    const isFlip = damage.bytes.length === image.files.get(path)!.length;
    if (isFlip && words.length < WORDS.length - 1)
      return `${words.join()} is left, although good lines follow the bad one`;
    const rest = sum([disk.peek(path), ...torn.map((one) => disk.peek(one))]);
    return rest === sum([damage.bytes]) ? undefined : 'what was cut off is not kept';
  }
  // Whole lines are gone, as in an older copy; the file is left as it was.
  if (words.length < PUBLISHED && /older than what it had published/.test(notices) && torn.length === 0)
    return undefined;
  // Whole lines beyond what was published are gone: nothing in the file tells that they were ever there.
  const cutAtLine = damage.bytes.length === 0 || damage.bytes.at(-1) === 10;
  return cutAtLine && words.length >= PUBLISHED
    ? undefined
    : `${words.join()} without a word about the rest: ${notices}`;
}

/** What is wrong with how another master took it. */
async function readerProblem(image: Image, path: string, bytes: Uint8Array): Promise<string | undefined> {
  const network = image.damaged(path, bytes);
  network.deliverAll();
  const reader = await open(network, 'b');
  const before = wordsOf(reader);
  const { held } = await reader.status();
  network.disk('a').put(path, image.files.get(path)!);
  network.deliverAll();
  await reader.sync();
  const after = wordsOf(reader);
  await reader.close();
  if (!isBeginning(before)) return `the reader's state is ${before.join()}`;
  // Without a frontier nobody knows that there is anything.
  if (before.length < PUBLISHED && held.length === 0 && !path.endsWith('frontier.json'))
    return 'the reader holds nothing';
  return after.join() === WORDS.slice(0, PUBLISHED).join() ? undefined : `the reader ends with ${after.join()}`;
}

describe.each([
  ['without a snapshot', false],
  ['with a snapshot of what was published', true],
])('%s', (_how, snapshot) => {
  test.each(['.ndjson', 'session.json', 'frontier.json'])(
    'every byte of %s, seen by its own master',
    async (ending) => {
      const image = await imageOf(snapshot);
      const problems: string[] = [];
      for (const path of image.named(ending)) {
        for (const damage of damages(image.files.get(path)!)) {
          const problem = await ownProblem(image, path, damage);
          if (problem !== undefined) problems.push(`${path}, ${damage.what}: ${problem}`);
        }
      }
      expect(problems).toEqual([]);
    },
  );
});

test.each(['.ndjson', 'frontier.json'])('every byte of %s, seen by another master', async (ending) => {
  const image = await imageOf(false);
  const problems: string[] = [];
  for (const path of image.named(ending)) {
    for (const { what, bytes } of damages(image.files.get(path)!)) {
      const problem = await readerProblem(image, path, bytes);
      if (problem !== undefined) problems.push(`${path}, ${what}: ${problem}`);
    }
  }
  expect(problems).toEqual([]);
});
