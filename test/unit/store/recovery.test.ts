/** One case for each row of the tables of recovery: what lies in the folder, what is done about it, and which row says so. */
import { readFileSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import { headerLine } from '../../../src/event/line.js';
import { LineWriter } from '../../../src/event/line-writer.js';
import { appendChecksum } from '../../../src/event/checksum.js';
import { segmentName } from '../../../src/store/folder/layout.js';
import { recoverStream } from '../../../src/store/folder/recovery.js';
import type { Case } from '../../../src/store/cases.js';
import {
  DAMAGE_CASES,
  DAMAGE_FACTS,
  END_CASES,
  END_FACTS,
  FILE_CASES,
  FILE_FACTS,
  LAST_LINE_CASES,
  LAST_LINE_FACTS,
} from '../../../src/store/folder/recovery-cases.js';
import { SimulatedDisk } from '../../../src/testing/simulated-disk.js';

const stream = { master: 'one', epoch: '01HF7YAT00FQ2VRP41VVTGRSXB' };
const writer = new LineWriter(stream, 'notebook', crc32);
const idOf = (seq: number): string => `01HF7YAT01${String(seq).padStart(16, '0')}`;
const header = `${headerLine({ ...stream, model: 'notebook', session: 's', reason: 'new', after: null }, crc32)}\n`;
/** The line of an event. */
const at = (seq: number): string =>
  `${writer.line({ ...stream, id: idOf(seq), seq, model: 'notebook', tx: 'write', txv: 1, args: [seq], meta: null }, `[${seq}]`, 'null')}\n`;
const flipped = (line: string): string => line.replace('"write"', '"wrote"');
const newer = `${appendChecksum('{"v":2,"head":"of a block"', crc32)}\n`;
const space = '\t'.repeat(600);
const HALF = '{"v":1,"id":"01HF';
/** Zeros as far as the sector goes in which it begins, behind so many bytes. */
const hole = (before: string): string => '\0'.repeat(512 - (before.length % 512));

interface Scanned {
  /** By the number of its first event, what each file holds. */
  readonly files: Readonly<Record<number, string>>;
  readonly published?: number;
  readonly told?: number;
  readonly deleted?: number;
}

/** What is to be found: the last event, and what is cut or removed; or the file and the line that are refused. */
type Outcome =
  | { readonly head: number | undefined; readonly torn?: string; readonly removed?: readonly number[] }
  | { readonly refused: number; readonly line: number };

const begun = header + at(1) + at(2);

const cases: readonly (readonly [row: string, Scanned, Outcome])[] = [
  ['the next file', { files: { 1: begun, 3: at(3) } }, { head: 3 }],
  ['the next file, begun and not written to', { files: { 1: begun, 3: '' } }, { head: 2 }],
  ['the next file, begun and not written to', { files: { 1: begun, 3: '' }, published: 9, told: 2 }, { head: 2 }],
  ['the next file has lost its content', { files: { 1: begun, 3: '' }, published: 3 }, { refused: 3, line: 1 }],
  [
    'the next file has lost its content',
    { files: { 1: begun, 3: '' }, published: 9, told: 3 },
    { refused: 3, line: 1 },
  ],
  ['the next file has lost its content', { files: { 1: '' } }, { refused: 1, line: 1 }],
  ['the first file behind a deleted part', { files: { 1: header, 3: at(3) }, deleted: 2 }, { head: 3 }],
  ['files are missing, or lines are in two files', { files: { 1: header, 3: at(3) } }, { refused: 3, line: 1 }],
  ['files are missing, or lines are in two files', { files: { 1: begun, 2: at(2) } }, { refused: 2, line: 1 }],
  [
    'begun behind a deleted part, and never written to',
    { files: { 1: header, 3: '' }, deleted: 2 },
    { head: undefined, removed: [3] },
  ],
  [
    'the first file behind a deleted part has lost its content',
    { files: { 1: header, 3: '' }, deleted: 2, published: 3 },
    { refused: 3, line: 1 },
  ],
  [
    'begun under a wrong number, and never written to',
    { files: { 1: begun, 2: '', 9: '' } },
    { head: 2, removed: [2, 9] },
  ],
  [
    'begun behind a torn tail, and never written to',
    { files: { 1: begun + HALF, 3: '' } },
    { head: 2, torn: HALF, removed: [3] },
  ],

  [
    'it reaches up to the next file',
    { files: { 1: header + flipped(at(1)) + at(2), 3: at(3) }, published: 2 },
    { head: 3 },
  ],
  [
    'a deleted file came back in part',
    { files: { 1: header + at(1), 3: at(3) }, published: 2, deleted: 2 },
    { head: 3 },
  ],
  [
    'a deleted file came back torn',
    { files: { 1: header + at(1) + HALF.padEnd(40), 3: at(3) }, published: 2, deleted: 2 },
    { head: 3 },
  ],
  ['a published file is short', { files: { 1: header + at(1), 3: at(3) }, published: 2 }, { refused: 3, line: 1 }],
  [
    'a published file ends in damage',
    { files: { 1: begun.slice(0, -9), 3: at(3) }, published: 2 },
    { refused: 1, line: 3 },
  ],
  [
    'lines of the next file are in it',
    { files: { 1: begun + at(3), 3: at(3) }, published: 2 },
    { refused: 3, line: 1 },
  ],

  ['space made ahead', { files: { 1: begun + space } }, { head: 2 }],
  ['space made ahead', { files: { 1: header + at(1) + space, 2: at(2) } }, { head: 2 }],
  ['a line of a newer program', { files: { 1: begun + newer } }, { refused: 1, line: 4 }],
  ['damage in front of good lines', { files: { 1: begun + HALF + '\n' + newer } }, { refused: 1, line: 4 }],
  ['damage in a closed file', { files: { 1: header + at(1) + flipped(at(2)), 3: at(3) } }, { refused: 1, line: 3 }],
  [
    'damage to what was published',
    { files: { 1: header + at(1) + flipped(at(2)) }, published: 2 },
    { refused: 1, line: 3 },
  ],
  ['damage to what was published', { files: { 1: '\0'.repeat(600) } }, { refused: 1, line: 1 }],
  ['damage to what was published', { files: { 1: space } }, { refused: 1, line: 1 }],
  ['damage to what was published', { files: { 1: HALF } }, { refused: 1, line: 1 }],
  ['damage in front of good lines', { files: { 1: header + flipped(at(1)) + at(2) } }, { refused: 1, line: 2 }],
  [
    'damage in front of good lines',
    { files: { 1: header + at(1).replace('\n', 'x') + at(2) } },
    { refused: 1, line: 2 },
  ],
  ['a torn tail', { files: { 1: begun + HALF } }, { head: 2, torn: HALF }],
  ['a torn tail', { files: { 1: begun + HALF + space } }, { head: 2, torn: HALF }],
  ['a torn tail', { files: { 1: begun + flipped(at(3)) }, published: 2 }, { head: 2, torn: flipped(at(3)) }],
  [
    'a torn tail whose sectors came out of order',
    { files: { 1: begun + HALF + hole(begun + HALF) + '\n' + at(4) } },
    { head: 2, torn: HALF + hole(begun + HALF) + '\n' + at(4) },
  ],

  ['the end was read', { files: { 1: begun } }, { head: 2 }],
  ['the newest file holds no event', { files: { 1: begun, 3: HALF }, published: 2 }, { head: 2, torn: HALF }],
  ['all events were deleted', { files: { 1: header, 3: HALF }, published: 2, deleted: 2 }, { head: 2, torn: HALF }],
];

const directory = `/shared/${stream.master}/${stream.epoch}`;
const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

async function scanned({ files, deleted = 0, ...rest }: Scanned): Promise<{ outcome: Outcome; met: string[] }> {
  const disk = new SimulatedDisk();
  for (const [first, text] of Object.entries(files))
    disk.put(`${directory}/${segmentName(Number(first))}`, encode(text));
  const met: string[] = [];
  const onCase = (name: string): void => void met.push(name);
  const numberOf = (file: string): number => Number(file.slice(-'0000000000000001.ndjson'.length, -'.ndjson'.length));
  try {
    const found = await recoverStream({
      ...{ fs: disk, root: '/shared', stream, published: 0, deleted, crc32, onCase },
      ...rest,
    });
    const torn = found.torn === undefined ? {} : { torn: new TextDecoder().decode(found.torn) };
    const removed = found.unused.length === 0 ? {} : { removed: found.unused.map(numberOf) };
    return { outcome: { head: found.head?.seq, ...torn, ...removed }, met };
  } catch (error) {
    expect(error).toMatchObject({ code: 'JOURNAL_DAMAGED' });
    const { place } = error as { place: { file: string; line: number } };
    return { outcome: { refused: numberOf(place.file), line: place.line }, met };
  }
}

test.each(cases)('%s', async (row, files, expected) => {
  const { outcome, met } = await scanned(files);
  expect(outcome).toEqual(expected);
  expect(met).toContain(row);
});

const tables = [FILE_CASES, LAST_LINE_CASES, DAMAGE_CASES, END_CASES];

test('every row has a case here, and none but the rows', () => {
  const rows = tables.flatMap((table) => table.map(({ name }) => name));
  expect(new Set(cases.map(([row]) => row))).toEqual(new Set(rows));
  expect(new Set(rows).size).toBe(rows.length);
});

test('the page on stores shows the same tables', () => {
  const page = readFileSync(new URL('../../../docs/architecture/store.md', import.meta.url), 'utf8');
  const [, section = ''] = page.split('### What is done about each damage\n');
  const shown = [
    ...section
      .split('\n## ', 1)
      .join()
      .matchAll(/^\| ([^|]+) \| [^|]+ \| ([^|]+) \|$/gm),
  ].map(([, name, done]) => [name, done]);
  const rows = tables.flatMap((table) => table.map(({ name, done }) => [name, done]));
  expect(shown.filter(([name]) => name !== 'case' && name !== '---')).toEqual(rows);
});

/** All combinations of what may be seen. */
function combinations(facts: Readonly<Record<string, readonly string[]>>): Record<string, string>[] {
  return Object.entries(facts).reduce<Record<string, string>[]>(
    (all, [fact, values]) => all.flatMap((seen) => values.map((value) => ({ ...seen, [fact]: value }))),
    [{}],
  );
}

test.each<[string, Readonly<Record<string, readonly string[]>>, readonly Case<Record<string, string>, string>[]]>([
  ['a file', FILE_FACTS, FILE_CASES],
  ['the last line', LAST_LINE_FACTS, LAST_LINE_CASES],
  ['damage', DAMAGE_FACTS, DAMAGE_CASES],
  ['the end', END_FACTS, END_CASES],
])('exactly one row fits whatever is seen of %s', (_what, facts, rows) => {
  for (const seen of combinations(facts)) {
    const fitting = rows.filter((row) => Object.entries(row.seen).every(([fact, value]) => seen[fact] === value));
    expect([seen, fitting.map(({ name }) => name)]).toEqual([seen, [expect.any(String)]]);
  }
});
