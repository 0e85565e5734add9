import fc from 'fast-check';
import { crc32 } from 'node:zlib';
import { appendChecksum } from '../../../src/event/checksum.js';
import type { Event } from '../../../src/event/event.js';
import { parseLine } from '../../../src/event/line.js';
import { LineWriter } from '../../../src/event/line-writer.js';
import { LineReader } from '../../../src/event/line-reader.js';

const stream = { master: 'laptop', epoch: '01HF7YAT00FQ2VRP41VVTGRSXB' };
const event = (seq: number, more: Partial<Event> = {}): Event => ({
  ...stream,
  id: '01HF7YAT01003QQVXG0000000Z',
  seq,
  model: 'todo-list',
  tx: 'add',
  txv: 1,
  args: ['Milk'],
  meta: null,
  ...more,
});
const lineOf = (one: Event): string =>
  new LineWriter(one, one.model, crc32).line(one, JSON.stringify(one.args), JSON.stringify(one.meta));

/** What an event says, whatever else stands in its line. */
function told(line: string, read: (line: string) => ReturnType<typeof parseLine>): unknown {
  const parsed = read(line);
  if (parsed.kind !== 'event') return parsed;
  const { id, master, epoch, seq, model, tx, txv, args, meta, origin } = parsed.event;
  return { id, master, epoch, seq, model, tx, txv, args, meta, origin };
}

const anything = fc.jsonValue({ maxDepth: 2 });
const anyEvent = fc.record({
  seq: fc.integer({ min: 1, max: 2 ** 53 - 1 }),
  model: fc.constantFrom('m', 'm"\\'),
  tx: fc.constantFrom('add', 'a', 'ad', 'd","txv":1,"args":'),
  txv: fc.integer({ min: 1, max: 12 }),
  args: fc.oneof(
    fc.array(anything),
    fc.constantFrom(['],"meta":null'], ['x","args":[1']),
    fc.dictionary(fc.string(), anything),
  ),
  meta: fc.oneof(fc.constant(null), fc.constant({ user: 'ada' }), anything),
  origin: fc.option(fc.constant('01HF7YAT00003QQVXG0000000Z'), { nil: undefined }),
});

test('lines read one after the other say what each says by itself, also with damage in them', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(anyEvent, fc.option(fc.nat())), { maxLength: 20 }), (events) => {
      const reader = new LineReader(crc32);
      for (const [{ origin, ...fields }, flip] of events) {
        let line = lineOf(event(1, { ...fields, ...(origin === undefined ? {} : { origin }) } as Partial<Event>));
        if (flip !== null) {
          const at = flip % line.length;
          line = line.slice(0, at) + String.fromCharCode(line.charCodeAt(at) ^ 1) + line.slice(at + 1);
        }
        expect(told(line, (one) => reader.read(one))).toEqual(told(line, (one) => parseLine(one, crc32)));
      }
    }),
    { numRuns: 500 },
  );
});

const usual = lineOf(event(7));
const open = usual.slice(0, usual.lastIndexOf(',"crc"'));

test.each<[string, string]>([
  ['a member too many behind the arguments', open.replace(',"meta"', ',"kind":"header","meta"')],
  ['arguments that end early', open.replace('["Milk"]', '["Milk"')],
  ['arguments that are a number', open.replace('["Milk"]', '5')],
  ['no arguments', open.replace('["Milk"]', '')],
  ['two lists of arguments', open.replace('["Milk"]', '["Milk"],"args":["Tea"]')],
  ['a number with a zero in front', open.replace('"seq":7', '"seq":07')],
  ['the number 0', open.replace('"seq":7', '"seq":0')],
  ['a number in words', open.replace('"seq":7', '"seq":7e0')],
  ['an id in lower case', open.replace('01HF7YAT01', '01hf7yat01')],
  ['an id with a quote', open.replace('01HF7YAT01', '01HF7YAT"1')],
  ['another stream', open.replace('laptop', 'phone')],
  ['text that is no JSON', open.replace(',"meta":null', ',"meta":nul')],
])('a line with a right checksum and %s is taken as parseLine takes it', (_what, text) => {
  const reader = new LineReader(crc32);
  expect(reader.read(usual).kind).toBe('event');
  const line = appendChecksum(text, crc32);
  expect(told(line, (one) => reader.read(one))).toEqual(told(line, (one) => parseLine(one, crc32)));
});

test('more kinds of calls than are remembered are read all the same', () => {
  const reader = new LineReader(crc32);
  for (let i = 0; i < 60; i++) {
    const line = lineOf(event(i + 1, { tx: `tx-${i % 30}`, meta: { i } }));
    expect(told(line, (one) => reader.read(one))).toMatchObject({ seq: i + 1, tx: `tx-${i % 30}`, meta: { i } });
  }
});

function readBothWays(text: string): void {
  const reader = new LineReader(crc32);
  expect(reader.read(usual).kind).toBe('event');
  expect(told(text, (one) => reader.read(one))).toEqual(told(text, (one) => parseLine(one, crc32)));
}

test('whatever a line says otherwise, it is taken as parseLine takes it', () => {
  const edits: [string | RegExp, string][] = [
    ['"add"', '"add","tx":"other"'],
    ['"add"', '"a\\u0064d"'],
    ['"seq":7', '"seq":07'],
    ['"seq":7', '"seq":7.0'],
    ['"seq":7', '"seq":7e0'],
    ['"seq":7', '"seq":9007199254740993'],
    ['"seq":7', '"seq":999999999999999'],
    ['"txv":1', '"txv":0'],
    ['"args":["Milk"]', '"args":[1],[2]'],
    ['"args":["Milk"]', '"args":[1],"args":[2]'],
    ['"args":["Milk"]', '"args":{"json":[1]}'],
    ['"args":["Milk"]', '"args":null'],
    ['"args":["Milk"]', '"args":1'],
    ['"args":["Milk"]', '"args":[1]]'],
    ['"args":["Milk"]', '"args":[1],"meta":5'],
    ['"args":["Milk"]', '"args":[1],"kind":"header","session":"s","reason":"new"'],
    ['"args":["Milk"]', '"args":["\\",\\"meta\\":null,\\"crc\\":\\"00000000"]'],
    ['"args":["Milk"]', '"args": [ "\u2028" ] '],
    ['"args":["Milk"]', '"args":["__proto__",{"__proto__":1}]'],
    ['"meta":null', '"meta":null,"v":2'],
    ['"meta":null', '"meta":null,"origin":"01HF7YAT00003QQVXG0000000Z"'],
    ['"meta":null', '"meta":null,"origin":"x"'],
    ['"meta":null', '"meta":{"user":"ada"}'],
    ['"meta":null', '"meta":null,"meta":null'],
    ['"laptop"', '"laptop2"'],
    ['"todo-list"', '"todo-list2"'],
    [event(7).id, event(7).id.toLowerCase()],
    [event(7).id, '8ZZZZZZZZZZZZZZZZZZZZZZZZZ'],
    [/^\{"v":1/, '{"v":2'],
    [/^\{/, '{ '],
    [/^\{/, '{"id":"x",'],
  ];
  for (const [from, to] of edits) {
    const edited = usual.replace(from, () => to);
    expect(edited).not.toBe(usual);
    readBothWays(appendChecksum(edited.replace(/,"crc":"[^"]*"\}$/, ''), crc32));
  }
});

test('whatever is changed in a line, put in or left out, it is taken as parseLine takes it', () => {
  const piece = fc.oneof(
    fc.constantFrom('"', ',', '[', ']', '{', '}', ':', '\\', '0', '1', ' ', 'a', '"args":[],', '"meta":null,'),
    fc.json(),
    fc.string({ maxLength: 3 }),
  );
  fc.assert(
    fc.property(fc.nat(open.length), fc.nat(6), piece, (at, out, put) => {
      readBothWays(appendChecksum(open.slice(0, at) + put + open.slice(at + out), crc32));
    }),
    { seed: 6, numRuns: 1_000 },
  );
});
