import fc from 'fast-check';
import { crc32 } from 'node:zlib';
import { appendChecksum, crcText, parseChecksummed } from '../../../src/event/checksum.js';
import type { Event } from '../../../src/event/event.js';
import {
  afterLines,
  countLines,
  firstLineOf,
  headerLine,
  lastSeqIn,
  LineCheck,
  parseLine,
  possibleLines,
} from '../../../src/event/line.js';
import { LineWriter } from '../../../src/event/line-writer.js';

const stream = { master: 'laptop', epoch: '01HF7YAT00FQ2VRP41VVTGRSXB' };
const event: Event = {
  ...stream,
  id: '01HF7YAT01003QQVXG0000000Z',
  seq: 7,
  model: 'todo-list',
  tx: 'add',
  txv: 2,
  args: ['Milk', { rich: [1, null] }],
  meta: { user: 'ada' },
};
const line = (one: Event): string =>
  new LineWriter(one, one.model, crc32).line(one, JSON.stringify(one.args), JSON.stringify(one.meta));

test('what was written is read', () => {
  expect(parseLine(line(event), crc32)).toMatchObject({ kind: 'event', event });
  expect(JSON.parse(line(event))).toMatchObject({ v: 1, ...event });
  const again = { ...event, origin: '01HF7YAT00003QQVXG0000000Z' };
  expect(parseLine(line(again), crc32)).toMatchObject({ kind: 'event', event: again });
  const header = { ...stream, model: 'm', session: 's', reason: 'restored' as const, after: null };
  expect(parseLine(headerLine(header, crc32), crc32)).toMatchObject({ kind: 'header', header });
});

test('names and arguments with quotes, line feeds and half surrogate pairs stay one readable line', () => {
  const odd = { ...event, tx: 'a"\n\\', model: 'm"\u2028', args: ['\n"\ud83d', '😀'], meta: { '"': '\n' } };
  const text = line(odd);
  expect(text).not.toContain('\n');
  const bytes = new TextEncoder().encode(text);
  expect(parseLine(new TextDecoder().decode(bytes), crc32)).toMatchObject({ kind: 'event', event: odd });
});

test('a writer keeps apart calls whose names and versions run together', () => {
  const writer = new LineWriter(stream, 'm', crc32);
  const one = writer.line({ ...event, model: 'm', tx: 'a@1', txv: 2 }, '[]', 'null');
  const two = writer.line({ ...event, model: 'm', tx: 'a', txv: 12 }, '[]', 'null');
  const three = writer.line({ ...event, model: 'm', tx: 'a@1', txv: 22 }, '[]', 'null');
  for (const text of [one, two, three]) expect(parseLine(text, crc32).kind).toBe('event');
  expect(JSON.parse(two)).toMatchObject({ tx: 'a', txv: 12 });
  expect(JSON.parse(three)).toMatchObject({ tx: 'a@1', txv: 22 });
});

const checksummed = (fields: object): string => appendChecksum(JSON.stringify(fields).slice(0, -1), crc32);

test.each<[string, object]>([
  ['no id', { id: undefined }],
  ['an id that is no ULID', { id: 'x' }],
  ['a number as its id', { id: 5 }],
  ['no sequence number', { seq: undefined }],
  ['sequence number 0', { seq: 0 }],
  ['half a sequence number', { seq: 1.5 }],
  ['a sequence number beyond what numbers can tell apart', { seq: 2 ** 53 }],
  ['no transaction', { tx: undefined }],
  ['no version', { txv: undefined }],
  ['version 0', { txv: 0 }],
  // Upcasting from there would never end.
  ['a version far below 0', { txv: -Number.MAX_SAFE_INTEGER }],
  ['no arguments', { args: undefined }],
  ['null as arguments', { args: null }],
  ['text as arguments', { args: 'text' }],
  ['a path as master', { master: '../other' }],
  ['no epoch', { epoch: undefined }],
  ['no model', { model: undefined }],
  ['an origin that is no ULID', { origin: 'x' }],
  ['version 0 of the format', { v: 0 }],
  ['no version of the format', { v: undefined }],
  ['a header without a session', { kind: 'header', reason: 'new' }],
  ['a header without a reason', { kind: 'header', session: 's' }],
])('a right checksum does not help a line with %s', (_what, fields) => {
  expect(parseLine(checksummed({ v: 1, ...event, ...fields }), crc32)).toEqual({ kind: 'damaged' });
});

test('a newer format is told apart from damage', () => {
  expect(parseLine(checksummed({ v: 2, anything: 'else' }), crc32)).toEqual({ kind: 'newer', v: 2 });
});

test('one flipped bit anywhere is damage', () => {
  const bytes = new TextEncoder().encode(line(event));
  for (let at = 0; at < bytes.length; at++) {
    for (const bit of [1, 4, 32, 128]) {
      const other = bytes.slice();
      other[at]! ^= bit;
      expect(parseLine(new TextDecoder().decode(other), crc32).kind).toBe('damaged');
    }
  }
});

test('every beginning of a line is damage', () => {
  const text = line(event);
  for (let length = 0; length < text.length; length++)
    expect(parseLine(text.slice(0, length), crc32).kind).toBe('damaged');
});

test('whatever the bytes, parsing never throws', () => {
  const texts = [line(event), headerLine({ ...stream, model: 'm', session: 's', reason: 'new', after: null }, crc32)];
  fc.assert(
    fc.property(
      fc.constantFrom(...texts),
      fc.array(fc.record({ at: fc.nat(400), byte: fc.integer({ min: 0, max: 255 }), cut: fc.boolean() }), {
        maxLength: 6,
      }),
      (text, changes) => {
        let bytes = new TextEncoder().encode(text);
        for (const { at, byte, cut } of changes) {
          if (cut) bytes = bytes.slice(at % (bytes.length + 1));
          else bytes[at % Math.max(bytes.length, 1)] = byte;
        }
        const { kind } = parseLine(new TextDecoder().decode(bytes), crc32);
        return ['event', 'header', 'damaged', 'newer'].includes(kind);
      },
    ),
    { seed: 3, numRuns: 3_000 },
  );
  // Even if the checksum is right.
  fc.assert(
    fc.property(fc.json(), (json) => {
      for (const open of [json.slice(0, -1), json, `{"v":1,"args":${json},"master":${json}`])
        parseLine(appendChecksum(open, crc32), crc32);
    }),
    { seed: 4, numRuns: 1_000 },
  );
});

test('a text ends with its checksum', () => {
  expect(crcText(0)).toBe('00000000');
  expect(crcText(0xffffffff)).toBe('ffffffff');
  expect(parseChecksummed(appendChecksum('{"a":1', crc32), crc32)).toMatchObject({ a: 1 });
  expect(parseChecksummed(appendChecksum('no json', crc32), crc32)).toBeUndefined();
  expect(parseChecksummed('', crc32)).toBeUndefined();
});

test('a line is summed as its text is, however it was put together', () => {
  const text = fc.oneof(fc.string({ maxLength: 100 }), fc.string({ unit: 'binary', maxLength: 20 }));
  fc.assert(
    fc.property(text, text, text, fc.jsonValue(), fc.nat(2 ** 40), (master, model, tx, arg, seq) => {
      const one = { ...event, master, model, tx, txv: (seq % 3) + 1, seq: seq + 1, args: [arg], meta: arg };
      const writer = new LineWriter(one, model, crc32);
      for (const meta of [JSON.stringify(arg), 'null', 'null']) {
        const written = writer.line(one, JSON.stringify(one.args), meta);
        expect(parseChecksummed(written, crc32)).toMatchObject({ master, seq: seq + 1 });
      }
      const again = writer.line({ ...one, origin: event.id }, JSON.stringify(one.args), 'null');
      expect(parseChecksummed(again, crc32)).toMatchObject({ origin: event.id });
    }),
    { seed: 7, numRuns: 200 },
  );
});

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

describe('a line checked where it lies', () => {
  /** What a check says of a line, and what reading it says: stream, number and id, or why there are none. */
  function bothWays(text: string): [unknown, unknown] {
    const before = `${line(event)}\n`;
    const bytes = bytesOf(`${before}${text}\n`);
    const [start, end] = [before.length, bytes.length - 1];
    const short = (parsed: ReturnType<LineCheck['at']>): unknown => {
      if (parsed.kind !== 'event') return parsed;
      const { master, epoch, seq, id } = parsed.event;
      return { master, epoch, seq, id };
    };
    const read = parseLine(new TextDecoder().decode(bytes.subarray(start, end)), crc32);
    return [short(new LineCheck(bytes, stream, crc32).at(start, end)), short(read)];
  }

  const open = line(event).slice(0, line(event).lastIndexOf(',"crc"'));

  test.each<[string, string]>([
    ['as it is written', open],
    ['a number with a zero in front', open.replace('"seq":7', '"seq":07')],
    ['the number 0', open.replace('"seq":7', '"seq":0')],
    ['a number of nine hundred digits', open.replace('"seq":7', `"seq":${'9'.repeat(900)}`)],
    ['an id in lower case', open.replace('01HF7YAT01', '01hf7yat01')],
    ['an id with a quote', open.replace('01HF7YAT01', '01HF7YAT"1')],
    ['another stream', open.replace('laptop', 'phone')],
    ['a newer format', open.replace('"v":1', '"v":2')],
    ['a space in front', ` ${open}`],
    ['nothing', ''],
  ])('is what reading it says, with %s', (_what, text) => {
    const [checked, read] = bothWays(appendChecksum(text, crc32));
    expect(checked).toEqual(read);
  });

  test('is what reading it says, whatever bit of it was flipped and wherever it was cut', () => {
    const whole = line(event);
    for (let at = 0; at < whole.length; at++) {
      const flipped = whole.slice(0, at) + String.fromCharCode(whole.charCodeAt(at) ^ 1) + whole.slice(at + 1);
      for (const text of [flipped, whole.slice(0, at)]) {
        const [checked, read] = bothWays(text);
        expect(checked).toEqual({ kind: 'damaged' });
        expect(read).toEqual({ kind: 'damaged' });
      }
    }
  });
});

describe('lines among bytes', () => {
  const head = headerLine({ ...stream, model: 'm', session: 's', reason: 'new', after: null }, crc32);
  const second = line({ ...event, seq: 8 });
  const text = `${head}\n${line(event)}\n${second}\n`;

  test('are counted and passed over', () => {
    expect(countLines(bytesOf(text))).toBe(3);
    expect(countLines(bytesOf(`${text}{`))).toBe(3);
    expect(new TextDecoder().decode(afterLines(bytesOf(text), 2))).toBe(`${second}\n`);
    expect(afterLines(bytesOf(text), 4)).toHaveLength(0);
  });

  test('the first one is there when it has ended', () => {
    expect(firstLineOf(bytesOf(text))).toBe(head);
    expect(firstLineOf(bytesOf(head))).toBeUndefined();
  });

  test.each<[string, string, boolean, number | undefined]>([
    ['whole lines', text, true, 8],
    ['space made ahead behind them', `${text}\t\t\t`, true, 8],
    ['the header alone', `${head}\n`, true, 0],
    ['the end of one line', `${second.slice(40)}\n`, false, undefined],
    ['the end of a line, and another line', `${line(event).slice(40)}\n${second}\n`, false, 8],
    ['a last line that is cut off', text.slice(0, -9), true, Infinity],
    ['a last line without a number', `${text}{"v":1}\n`, true, Infinity],
    ['nothing', '', true, undefined],
  ])('the last number in %s', (_what, part, isAll, seq) => {
    expect(lastSeqIn(bytesOf(part), isAll)).toBe(seq);
  });

  test('a line is found behind a line feed that was damaged', () => {
    const joined = `${head}\n${line(event)}x${second}\n`;
    const good = [...possibleLines(bytesOf(joined))].filter((one) => parseLine(one, crc32).kind === 'event');
    expect(good).toEqual([second]);
  });
});
