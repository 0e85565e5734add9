/** What is known of bytes, against a plain list of single bytes. */
import { ByteRanges, overlap } from '../../../src/model/byte-ranges.js';
import { sfc32 } from '../../../src/state/determinism.js';

test('ranges answer as single bytes do, with what is known together joined', () => {
  for (let seed = 0; seed < 200; seed++) {
    const draw = sfc32(`ranges ${seed}`);
    const memories = [new ArrayBuffer(24), new ArrayBuffer(24)];
    const ranges = new ByteRanges<number>();
    /** For each byte of each memory: the range it is in. */
    const plain = memories.map(() => new Array<{ known: number } | undefined>(24).fill(undefined));
    for (let step = 0; step < 30; step++) {
      const at = draw() % 2;
      const from = draw() % 24;
      const view = new Uint8Array(memories[at] as ArrayBuffer, from, draw() % (25 - from));
      const met = new Set((plain[at] ?? []).slice(from, from + view.length).filter((one) => one !== undefined));
      expect([...ranges.of(view)].sort()).toEqual([...new Set([...met].map(({ known }) => known))].sort());
      expect(ranges.has(view)).toBe(met.size > 0);
      if (draw() % 2 === 0 || view.length === 0) continue;
      const one = { known: step };
      ranges.put(view, step);
      const row = plain[at] ?? [];
      const touched = row.map(
        (other, i) => (i >= from && i < from + view.length) || met.has(other as { known: number }),
      );
      // What lies between two joined ranges is joined as well.
      for (let i = touched.indexOf(true); i <= touched.lastIndexOf(true); i++) row[i] = one;
    }
  }
});

test('a view, a DataView and the memory itself are the same bytes; neighbours and empty views are not', () => {
  const memory = new ArrayBuffer(8);
  const views = [new Uint8Array(memory), new DataView(memory, 3), new Uint16Array(memory, 4, 1), memory];
  for (const one of views) for (const other of views) expect(overlap(one, other)).toBe(true);
  const ranges = new ByteRanges<string>();
  ranges.put(new Uint8Array(memory, 2, 2), 'known');
  expect([...ranges.of(new DataView(memory))]).toEqual(['known']);
  for (const other of [new Uint8Array(memory, 0, 2), new DataView(memory, 4), new Uint8Array(memory, 3, 0)])
    expect(ranges.has(other)).toBe(false);
});

test('memory that was transferred has no bytes', () => {
  const view = new DataView(new ArrayBuffer(4), 2);
  structuredClone(view.buffer, { transfer: [view.buffer] });
  expect(new ByteRanges<string>().has(view)).toBe(false);
});
