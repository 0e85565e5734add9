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
    expect(numbers(await used.read(after, upTo))).toEqual(expected);
    expect(numbers(await new SegmentReader(made, DIRECTORY).read(after, upTo))).toEqual(expected);
  }
  expect(await used.read(8, 9)).toEqual([]);
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
