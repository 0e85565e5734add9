import type { FileSystem } from '../../../src/index.js';
import { SegmentReader } from '../../../src/store/folder/segment-reader.js';
import { SimulatedDisk } from '../../../src/testing/index.js';

const encoder = new TextEncoder();
const DIRECTORY = '/shared/a/epoch';
const segment = (first: number): string => `${DIRECTORY}/${String(first).padStart(16, '0')}.ndjson`;

/** A stream whose files begin with these events; every line is its number, made long. */
function disk(firsts: readonly number[], last: number, lineBytes: number): SimulatedDisk {
  const made = new SimulatedDisk();
  firsts.forEach((first, index) => {
    const lines = first === 1 ? ['header'] : [];
    for (let seq = first; seq < (firsts[index + 1] ?? last + 1); seq++) lines.push(String(seq).padEnd(lineBytes, '.'));
    made.put(segment(first), encoder.encode(`${lines.join('\n')}\n`));
  });
  return made;
}

/** All that is there of a range, as a start reads it: so many lines at a time. */
async function all(reader: SegmentReader, after: number, upTo: number): Promise<string[]> {
  const lines: string[] = [];
  for (;;) {
    const part =
      after + lines.length < upTo
        ? await reader.read(after + lines.length, Math.min(upTo, after + lines.length + 20_000))
        : [];
    if (part.length === 0) return lines;
    lines.push(...part);
  }
}

const numbers = (lines: readonly string[]): number[] => lines.map((line) => Number.parseInt(line, 10));
const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, i) => from + i);

test.each([
  ['short lines', 40],
  ['lines that are longer than what is read at a time', 1_500_000],
  ['lines of which one and a half are read at a time', 700_000],
])('any range from any reader, with %s', async (_what, lineBytes) => {
  const made = disk([1, 4, 5], 8, lineBytes);
  const used = new SegmentReader(made, DIRECTORY);
  for (const [after, upTo] of [
    [0, 8],
    [5, 6],
    [2, 7],
    [3, 4],
    [6, 8],
    [0, 1],
    [1, 99],
  ] as const) {
    const expected = range(after + 1, Math.min(upTo, 8));
    expect(numbers(await all(used, after, upTo))).toEqual(expected);
    expect(numbers(await all(new SegmentReader(made, DIRECTORY), after, upTo))).toEqual(expected);
  }
  expect(await used.read(8, 9)).toEqual([]);
});

test.each([40, 211, 1_000])(
  'a long journal with lines of %d bytes is read once, but for a block where a part ends',
  async (lineBytes) => {
    const firsts = [1, 20_001];
    const made = disk(firsts, 30_000, lineBytes);
    let bytesRead = 0;
    let most = 0;
    const noting: FileSystem = {
      ...made.session(),
      read: async (path, from, length) => {
        const bytes = await made.read(path, from, length);
        bytesRead += bytes.length;
        most = Math.max(most, bytes.length);
        return bytes;
      },
    };
    const lines = await all(new SegmentReader(noting, DIRECTORY), 0, 30_000);
    expect(numbers(lines)).toEqual(range(1, 30_000));
    const size = firsts.reduce((sum, first) => sum + made.peek(segment(first))!.length, 0);
    expect(bytesRead).toBeLessThan(size + 2 * 1000 * 1024);
    expect(most).toBeLessThanOrEqual(1024 * 1024);
  },
);

test('lines with characters of several bytes are read as they are, whatever stands beside them', async () => {
  const made = new SimulatedDisk();
  const texts = ['plain', 'é', '😀 and \u2028', 'plain again'];
  made.put(segment(1), encoder.encode(`header\n${texts.join('\r\n')}\n`));
  expect(await new SegmentReader(made, DIRECTORY).read(0, 9)).toEqual(texts);
});

test('goes on where it stopped when more arrives', async () => {
  const made = disk([1], 3, 40);
  const reader = new SegmentReader(made, DIRECTORY);
  expect(numbers(await reader.read(0, 9))).toEqual([1, 2, 3]);
  made.put(segment(4), encoder.encode('4\n5'));
  expect(numbers(await reader.read(3, 9))).toEqual([4]);
  made.put(segment(4), encoder.encode('4\n5\n'));
  expect(numbers(await reader.read(4, 9))).toEqual([5]);
});

test('space made ahead of the last line is no line, in the newest file and before others', async () => {
  const made = disk([1, 3], 4, 40);
  for (const path of made.paths()) {
    const bytes = made.peek(path)!;
    made.put(path, new Uint8Array([...bytes, ...new Uint8Array(5_000).fill(9)]));
  }
  expect(numbers(await new SegmentReader(made, DIRECTORY).read(0, 9))).toEqual([1, 2, 3, 4]);
});
