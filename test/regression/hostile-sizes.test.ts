/** Lines nested beyond all measure, and files without an end: they cost little, hold their own stream, and stop nobody. */
import 'reflect-metadata';
import { mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { FolderStore } from 'prevalent';
import { log } from '../../src/cli/log.js';
import { verify } from '../../src/cli/verify.js';
import { appendChecksum } from '../../src/event/checksum.js';
import { parseLine } from '../../src/event/line.js';
import { isTooDeep, MOST_DEPTH } from '../../src/event/json-depth.js';
import { LineReader } from '../../src/event/line-reader.js';
import { MOST_LINE_BYTES } from '../../src/event/limits.js';
import type { FileSystem } from '../../src/store/folder/file-system.js';
import { nodeFileSystem } from '../../src/store/folder/node-file-system.js';
import { decodeFrontier } from '../../src/store/frontier.js';
import { HeaderReader } from '../../src/sync/snapshot/header.js';
import { FORGED, forgedId, inFolder, wordsOf } from '../notebook-folder.js';

const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);
const DEEP = nested(100_000);

describe('a text is too deep', () => {
  test.each<[string, boolean]>([
    [nested(MOST_DEPTH), false],
    [nested(MOST_DEPTH + 1), true],
    ['{"a":'.repeat(MOST_DEPTH + 1) + '0' + '}'.repeat(MOST_DEPTH + 1), true],
    [JSON.stringify(nested(MOST_DEPTH + 1)), false],
    [`["\\\\",${JSON.stringify('"\\' + DEEP)}]`, false],
    [`["\\\\",${DEEP}]`, true],
    [`[${'[],'.repeat(5_000)}[]]`, false],
    ['"'.padEnd(10_000, '['), false],
  ])('by what is nested in it, not by what its strings hold', (text, expected) => {
    expect(isTooDeep(text)).toBe(expected);
  });
});

const event = (meta: string, args: string): string =>
  appendChecksum(
    `{"v":1,"id":"${forgedId(0)}","master":"forger","epoch":"${FORGED.epoch}","seq":1,"model":"notebook","tx":"write","txv":1,"args":${args},"meta":${meta}`,
    crc32,
  );
const header = (more = ''): string =>
  appendChecksum(
    `{"v":1,"kind":"header","master":"forger","epoch":"${FORGED.epoch}","model":"notebook","session":"forged","reason":"new","after":null${more}`,
    crc32,
  );
const frontier = (more = ''): string =>
  appendChecksum(
    `{"v":1,"clock":"${forgedId(0)}","head":{"seq":1,"id":"${forgedId(0)}"},"seal":null,"snapshot":null,"session":"forged","modelHash":"forged","seen":{}${more}`,
    crc32,
  ) + '\n';

describe('whatever reads a line, a header, a frontier or the header of a snapshot takes none that is too deep', () => {
  test.each([event(DEEP, '["a"]'), event('null', `[${DEEP}]`), header(`,"moved":${DEEP}`)])('line', (line) => {
    expect(parseLine(line, crc32)).toEqual({ kind: 'damaged' });
    const reader = new LineReader(crc32);
    reader.read(event('null', '["a"]'));
    expect(reader.read(line)).toEqual({ kind: 'damaged' });
    expect(reader.read(event('null', '["b"]'))).toMatchObject({ kind: 'event', event: { args: ['b'] } });
  });

  test.each(['seal', 'more'])('frontier, at %s', (name) => {
    expect(decodeFrontier(frontier(), crc32)).toBeDefined();
    expect(decodeFrontier(frontier(`,"${name}":${DEEP}`), crc32)).toBeUndefined();
  });

  test('header of a snapshot', () => {
    const reader = new HeaderReader();
    const first = { v: 2, model: 'notebook', version: 1, position: forgedId(0), seal: null, fields: [], streams: 0 };
    reader.piece(new TextEncoder().encode(`${JSON.stringify({ ...first, rejections: 1 })}\n`));
    const rejection = `{"event":{"meta":${DEEP}},"error":""}\n`;
    expect(() => reader.piece(new TextEncoder().encode(rejection))).toThrow('nested too deeply');
  });
});

const SEGMENT = '0000000000000001.ndjson';
const HUGE = 5 * 2 ** 30;

/** Makes a file that is huge and takes no place. */
function sparse(file: string, beginning: string): void {
  writeFileSync(file, beginning);
  truncateSync(file, HUGE);
}

/** A stream of a stranger, all of it in order. */
function stranger(shared: string, lines: readonly string[]): string {
  const directory = join(shared, FORGED.master, FORGED.epoch);
  mkdirSync(join(directory, 'snapshots'), { recursive: true });
  writeFileSync(join(directory, SEGMENT), lines.map((line) => `${line}\n`).join(''));
  writeFileSync(join(directory, 'frontier.json'), frontier());
  return directory;
}

/** A file system that notes the most bytes that were read at a time. */
function noting(most: { bytes: number }): FileSystem {
  return {
    ...nodeFileSystem,
    read: async (file, from, length) => {
      const bytes = await nodeFileSystem.read(file, from, length);
      most.bytes = Math.max(most.bytes, bytes.length);
      return bytes;
    },
  };
}

const good = (): string[] => [header(), event('null', '["forged"]')];
const snapshotOf = (text: string): string =>
  frontier()
    .replace('"snapshot":null', text)
    .replace(/,"crc":.*/s, '');

test.each<[string, string[] | undefined, (directory: string) => void, string | undefined]>([
  ['a line with deep meta', [header(), event(DEEP, '["a"]')], () => undefined, 'damaged'],
  ['a line with deep arguments', [header(), event('null', `[${DEEP}]`)], () => undefined, 'damaged'],
  ['a deep header', [header(`,"moved":${DEEP}`), event('null', '["a"]')], () => undefined, 'gap'],
  ['a deep frontier', good(), (at) => writeFileSync(join(at, 'frontier.json'), frontier(`,"x":${DEEP}`)), undefined],
  ['a file of zeros behind the header', good(), (at) => sparse(join(at, SEGMENT), `${header()}\n`), 'gap'],
  ['a line that does not end', good(), (at) => sparse(join(at, SEGMENT), `${header()}\n{"v":1,`), 'damaged'],
  ['a header that does not end', good(), (at) => sparse(join(at, SEGMENT), '{"v":1,"kind":"header"'), 'damaged'],
  ['a file of zeros', good(), (at) => sparse(join(at, SEGMENT), ''), 'gap'],
  ['a frontier that does not end', good(), (at) => sparse(join(at, 'frontier.json'), '{"v":1,'), undefined],
  [
    'a snapshot of zeros',
    good(),
    (at) => {
      sparse(join(at, 'snapshots', `${forgedId(0)}.snapshot`), 'prevalent snapshot 2\n');
      const offered = snapshotOf(`"snapshot":{"no":1,"position":"${forgedId(0)}","events":1}`);
      writeFileSync(join(at, 'frontier.json'), `${appendChecksum(offered, crc32)}\n`);
    },
    'none',
  ],
])('%s of a stranger holds that stream alone, in little memory', (_what, lines, spoil, reason) =>
  inFolder(async (folder) => {
    const most = { bytes: 0 };
    const open = (name: string) =>
      folder.open(name, { store: new FolderStore(folder.shared, { fileSystem: noting(most) }) });
    const one = await open('one');
    await one.transact((book) => book.write('before'));
    const two = await open('two');
    await two.transact((book) => book.write('by two'));
    await two.sync();
    spoil(stranger(folder.shared, lines ?? []));
    for (let times = 0; times < 2; times++) {
      const { held } = await one.sync();
      const reasons = held.map((hold) => `${hold.master} ${hold.reason}`);
      if (reason === undefined || reason === 'none') expect(reasons).toEqual([]);
      else expect(reasons).toEqual([`forger ${reason}`]);
    }
    await one.close();
    const again = await open('one');
    expect(wordsOf(again).filter((word) => word !== 'forged')).toEqual(['before', 'by two']);
    await again.snapshot();
    expect(most.bytes).toBeLessThanOrEqual(2 * MOST_LINE_BYTES);
  })(),
);

test(
  'the commands tell of such a stream, and go on with the others',
  inFolder(async (folder) => {
    const one = await folder.open('one');
    await one.transact((book) => book.write('mine'));
    await one.close();
    const directory = stranger(folder.shared, [header()]);
    sparse(join(directory, SEGMENT), `${header()}\n{"v":1,`);
    const told: string[] = [];
    expect(await verify(folder.shared, {}, (line) => told.push(line))).toBeGreaterThan(0);
    expect(told.join('\n')).toMatch(/forger.*no segment has more than/);
    expect(told.join('\n')).toMatch(/one@.*1 event/);
    stranger(folder.shared, [header(), event('null', `[${DEEP}]`)]);
    const lines: string[] = [];
    expect(
      await log(
        folder.shared,
        {},
        (line) => lines.push(line),
        (line) => told.push(line),
      ),
    ).toBe(1);
    expect(lines).toEqual([expect.stringContaining('write["mine"]')]);
    expect(told.at(-1)).toMatch(/forger.*damaged/);
  }),
);

test(
  "a segment of one's own that is longer than any is damage that is named, and nothing of it is read",
  inFolder(async (folder) => {
    const one = await folder.open('one');
    await one.transact((book) => book.write('mine'));
    await one.close();
    const file = folder.file('one');
    const whole = readFileSync(file);
    truncateSync(file, HUGE);
    await expect(folder.open('one')).rejects.toMatchObject({ code: 'JOURNAL_DAMAGED', place: { file } });
    truncateSync(file, whole.length);
    expect(wordsOf(await folder.open('one'))).toEqual(['mine']);
  }),
);

test(
  'arguments that no line carries are refused before anything is logged',
  inFolder(async (folder) => {
    const one = await folder.open('one');
    expect(() => one.model.write('é'.repeat(21 * 1024 * 1024))).toThrow(/take \d+ characters/);
    await one.transact((book) => book.write('short'));
    expect(folder.lines('one')).toHaveLength(2);
  }),
);
