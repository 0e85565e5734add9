import fc from 'fast-check';
import { crc32 } from 'node:zlib';
import type { Event } from '../../../src/event/event.js';
import { LineBuffer } from '../../../src/event/line-buffer.js';
import { LineWriter } from '../../../src/event/line-writer.js';
import { isShort } from '../../../src/event/short-args.js';

const stream = { master: 'laptop', epoch: '01HF7YAT00FQ2VRP41VVTGRSXB' };
const ID = '01HF7YAT01003QQVXG0000000Z';

const primitive = fc.oneof(
  fc.string({ maxLength: 40 }),
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.constantFrom('"', '\\', '\n', '\u0000'.repeat(64), '\ud800', 'é'.repeat(64), '\u007f', ' '),
  fc.double({ noNaN: true, noDefaultInfinity: true }).filter((number) => !Object.is(number, -0)),
  fc.integer(),
  fc.boolean(),
  fc.constant(null),
);
const anyEvent = fc.record({
  id: fc.constant(ID),
  master: fc.constant(stream.master),
  epoch: fc.constant(stream.epoch),
  seq: fc.oneof(
    fc.integer({ min: 1, max: 1_000 }),
    fc.constantFrom(9, 10, 2 ** 31 - 1, 2 ** 31, 2 ** 31 + 1, 2 ** 53 - 1),
    fc.integer({ min: 1, max: 2 ** 53 - 1 }),
  ),
  model: fc.constantFrom('m', 'm"\u2028é'),
  tx: fc.constantFrom('add', 'ad', 'd","txv":1,"args":'),
  txv: fc.integer({ min: 1, max: 12 }),
  args: fc.oneof(fc.array(primitive, { maxLength: 10 }), fc.array(fc.jsonValue({ maxDepth: 2 }))),
  meta: fc.oneof(fc.constant(null), fc.constant({ user: 'ada' }), fc.jsonValue({ maxDepth: 1 })),
});

test('what is put into a buffer is, byte for byte, the line as a text', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(anyEvent, fc.boolean()), { maxLength: 30 }), (events) => {
      const buffer = new LineBuffer();
      const writers = new Map<string, LineWriter>();
      let expected = '';
      for (const [{ args, ...fields }, again] of events) {
        const event: Event = { ...fields, args, ...(again ? { origin: ID } : {}) };
        const writer = writers.get(event.model) ?? new LineWriter(stream, event.model, crc32);
        writers.set(event.model, writer);
        const [text, meta] = [JSON.stringify(args), JSON.stringify(event.meta)];
        writer.write(buffer, event, isShort(args) ? undefined : text, meta);
        expected += `${writer.line(event, text, meta)}\n`;
      }
      expect(buffer.take()).toBe(expected);
      expect([buffer.size, buffer.take()]).toEqual([0, '']);
    }),
    { numRuns: 400 },
  );
});

test('arguments and meta of all lengths stay in order, however large a piece of memory is', () => {
  const [buffer, writer] = [new LineBuffer(), new LineWriter(stream, 'm', crc32)];
  let expected = '';
  for (const length of [1, 60, 70, 1_000, 21_000, 22_000, 70_000, 1, 300_000, 5, 65_536, 200, 3]) {
    for (const character of ['x', 'é', '"']) {
      const args = [character.repeat(length)];
      const event: Event = { ...stream, id: ID, seq: length, model: 'm', tx: 't', txv: 1, args, meta: null };
      const meta = length === 70_000 ? JSON.stringify('m'.repeat(length)) : 'null';
      writer.write(buffer, event, isShort(args) ? undefined : JSON.stringify(args), meta);
      expected += `${writer.line(event, JSON.stringify(args), meta)}\n`;
    }
  }
  expect(buffer.size).toBeGreaterThanOrEqual(expected.length);
  expect(buffer.take()).toBe(expected);
});

test('short are few primitives that JSON carries exactly', () => {
  for (const args of [[], ['a', 1, true, null], Array(8).fill(1), ['x'.repeat(64)]]) expect(isShort(args)).toBe(true);
  for (const args of [[-0], [NaN], [Infinity], [undefined], [1n], [[]], [{}], Array(9).fill(1), ['x'.repeat(65)]])
    expect(isShort(args)).toBe(false);
});
