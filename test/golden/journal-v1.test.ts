/**
 * The literal bytes of journal format 1. Never change an expectation here: journals of this format lie on people's disks. A new
 * format gets a file of its own.
 */
import 'reflect-metadata';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { Master, Prevalent, Transaction } from 'prevalent';
import { CallCodec, type EncodedArgs } from '../../src/event/call-codec.js';
import type { Event } from '../../src/event/event.js';
import { headerLine, parseLine } from '../../src/event/line.js';
import { LineWriter } from '../../src/event/line-writer.js';
import { ClassTable } from '../../src/model/class-table.js';
import { definitionOf } from '../../src/model/prevalent.js';
import { decodeFrontier, encodeFrontier } from '../../src/store/frontier.js';

const stream = { master: 'laptop', epoch: '01HF7YAT00FQ2VRP41VVTGRSXB' };
const common = { ...stream, id: '01HF7YAT01003QQVXG0000000Z', model: 'todo-list', txv: 1 };

const HEADER =
  '{"v":1,"kind":"header","master":"laptop","epoch":"01HF7YAT00FQ2VRP41VVTGRSXB","model":"todo-list","session":"01HF7YAT00FQ2VRP41VVTGRSXB","reason":"new","after":null,"crc":"602ce51b"}';
const PLAIN =
  '{"v":1,"id":"01HF7YAT01003QQVXG0000000Z","master":"laptop","epoch":"01HF7YAT00FQ2VRP41VVTGRSXB","seq":1,"model":"todo-list","tx":"add","txv":1,"args":["Buy milk",{"tags":["a"]}],"meta":{"user":"ada"},"crc":"83943726"}';
const RICH =
  '{"v":1,"id":"01HF7YAT01003QQVXG0000000Z","master":"laptop","epoch":"01HF7YAT00FQ2VRP41VVTGRSXB","seq":2,"model":"todo-list","tx":"plan","txv":1,"args":{"json":["1970-01-01T00:00:00.005Z"],"meta":{"values":{"0":["Date"]},"v":1}},"meta":null,"origin":"01HF7YAT00003QQVXG0000000Z","crc":"5341cf4f"}';
const DECLARED_ARGUMENTS =
  '{"json":["status.open",{"inner":"status.open/owner","all":[["money",500]]},[[null,"status.open"]]],"meta":{"values":{"0":[["custom","constant"]],"2":["map",{"0.1":[["custom","constant"]]}],"1.inner":[["custom","constant"]],"1.all.0":[["custom","value"]]},"referentialEqualities":{"1.all.0":["2.0.0"]},"v":1}}';
const FRONTIER =
  '{"v":1,"clock":"01HF7YAT01003QQVXG0000000Z","head":{"seq":1,"id":"01HF7YAT01003QQVXG0000000Z"},"seal":null,"snapshot":null,"session":"s","modelHash":"h","seen":{"laptop@01HF7YAT00FQ2VRP41VVTGRSXB":1},"crc":"308fee1d"}\n';
const SEALED_FRONTIER =
  '{"v":1,"clock":"01HF7YAT01003QQVXG0000000Z","head":null,"seal":{"no":2,"by":"laptop@01HF7YAT00FQ2VRP41VVTGRSXB","H":"01HF7YAT01003QQVXG0000000Z","V":{"phone@01HF7YAT00FQ2VRP41VVTGRSXB":4},"chain":["a1"]},"snapshot":{"no":2,"position":"01HF7YAT01003QQVXG0000000Z","events":3},"session":"s","modelHash":"h","fingerprint":{"no":2,"hash":"cafe"},"seen":{},"next":"01HF7YAT02FQ2VRP41VVTGRSXB","crc":"d5fc0590"}\n';
const ENGINE_FRONTIER =
  '{"v":1,"clock":"01HF7YAT01003QQVXG0000000Z","head":{"seq":1,"id":"01HF7YAT01003QQVXG0000000Z"},"seal":null,"snapshot":null,"session":"s","modelHash":"h","engine":"v8 12.4","seen":{},"crc":"fdc3e629"}\n';
const CUT_HEADER =
  '{"v":1,"kind":"header","master":"laptop","epoch":"01HF7YAT00FQ2VRP41VVTGRSXB","model":"todo-list","session":"s","reason":"cut","after":"01HF7YAT01003QQVXG0000000Z","moved":{"01HF7YAS00FQ2VRP41VVTGRSXB":7},"crc":"b4771275"}';

test('a header line', () => {
  const header = { ...stream, model: 'todo-list', session: stream.epoch, reason: 'new' as const, after: null };
  expect(headerLine(header, crc32)).toBe(HEADER);
  expect(parseLine(HEADER, crc32)).toMatchObject({ kind: 'header', header });
});

test('an event line with plain arguments', () => {
  const event: Event = { ...common, seq: 1, tx: 'add', args: ['Buy milk', { tags: ['a'] }], meta: { user: 'ada' } };
  const writer = new LineWriter(stream, 'todo-list', crc32);
  expect(writer.line(event, JSON.stringify(event.args), '{"user":"ada"}')).toBe(PLAIN);
  expect(parseLine(PLAIN, crc32)).toMatchObject({ kind: 'event', event });
});

test('an event line with superjson, issued again', () => {
  const args = { json: ['1970-01-01T00:00:00.005Z'], meta: { values: { 0: ['Date'] }, v: 1 } };
  const event: Event = { ...common, seq: 2, tx: 'plan', args, meta: null, origin: '01HF7YAT00003QQVXG0000000Z' };
  const writer = new LineWriter(stream, 'todo-list', crc32);
  expect(writer.line(event, JSON.stringify(args), 'null')).toBe(RICH);
  expect(parseLine(RICH, crc32)).toMatchObject({ kind: 'event', event });
});

test('arguments that hold constants and values', () => {
  class Money {
    constructor(readonly cents: number) {}
  }
  const [open, price] = [{ label: 'open', owner: { name: 'nobody' } }, new Money(500)];
  @Prevalent('golden-arguments', {
    constants: { 'status.open': open },
    values: {
      money: { class: Money, encode: (one) => one.cents, decode: (cents) => new Money(cents as number) },
    },
  })
  class Model {
    @Transaction('set') set(..._: unknown[]): void {}
  }
  const definition = definitionOf(Model);
  const codec = new CallCodec(definition, new ClassTable(definition));
  const args = [open, { inner: open.owner, all: [price] }, new Map([[price, open]])];
  expect(codec.encode(definition.transactions.get('set')!, args).text).toBe(DECLARED_ARGUMENTS);
  const [constant, { inner, all }, map] = codec.open(JSON.parse(DECLARED_ARGUMENTS) as EncodedArgs) as [
    object,
    { inner: object; all: unknown[] },
    Map<object, object>,
  ];
  expect([constant === open, inner === open.owner]).toEqual([true, true]);
  expect([all, [...map]]).toEqual([[new Money(500)], [[new Money(500), open]]]);
});

test('a frontier', () => {
  const id = '01HF7YAT01003QQVXG0000000Z';
  const frontier = {
    clock: id,
    head: { seq: 1, id },
    seal: undefined,
    snapshot: undefined,
    session: 's',
    modelHash: 'h',
    engine: undefined,
    fingerprint: undefined,
    seen: { 'laptop@01HF7YAT00FQ2VRP41VVTGRSXB': 1 },
    next: undefined,
  };
  expect(encodeFrontier(frontier, crc32)).toBe(FRONTIER);
  expect(decodeFrontier(FRONTIER, crc32)).toEqual(frontier);
});

test('the frontier of a master that has adopted a seal, offers a snapshot of it, and goes on in another stream', () => {
  const id = '01HF7YAT01003QQVXG0000000Z';
  const frontier = {
    clock: id,
    head: undefined,
    seal: {
      no: 2,
      by: 'laptop@01HF7YAT00FQ2VRP41VVTGRSXB',
      H: id,
      V: { 'phone@01HF7YAT00FQ2VRP41VVTGRSXB': 4 },
      chain: ['a1'],
    },
    snapshot: { no: 2, position: id, events: 3 },
    session: 's',
    modelHash: 'h',
    engine: undefined,
    fingerprint: { no: 2, hash: 'cafe' },
    seen: {},
    next: '01HF7YAT02FQ2VRP41VVTGRSXB',
  };
  expect(encodeFrontier(frontier, crc32)).toBe(SEALED_FRONTIER);
  expect(decodeFrontier(SEALED_FRONTIER, crc32)).toEqual(frontier);
});

test('the frontier of a master that tells its engine', () => {
  const id = '01HF7YAT01003QQVXG0000000Z';
  const frontier = {
    clock: id,
    head: { seq: 1, id },
    seal: undefined,
    snapshot: undefined,
    session: 's',
    modelHash: 'h',
    engine: 'v8 12.4',
    fingerprint: undefined,
    seen: {},
    next: undefined,
  };
  expect(encodeFrontier(frontier, crc32)).toBe(ENGINE_FRONTIER);
  expect(decodeFrontier(ENGINE_FRONTIER, crc32)).toEqual(frontier);
});

test('the header of a stream that continues a cut one', () => {
  const after = '01HF7YAT01003QQVXG0000000Z';
  const moved = { '01HF7YAS00FQ2VRP41VVTGRSXB': 7 };
  const header = { ...stream, model: 'todo-list', session: 's', reason: 'cut' as const, after, moved };
  expect(headerLine(header, crc32)).toBe(CUT_HEADER);
  expect(parseLine(CUT_HEADER, crc32)).toMatchObject({ kind: 'header', header });
});

test('a whole journal as it lies on the disk', async () => {
  @Prevalent('golden-notes')
  class Notes {
    readonly all = new Map<string, unknown>();
    @Transaction('write') put(key: string, value: unknown): void {
      this.all.set(key, value);
    }
  }
  const folder = mkdtempSync(join(tmpdir(), 'prevalent-golden-'));
  try {
    const master = await Master.open(Notes, {
      name: 'desk',
      store: join(folder, 'shared'),
      local: join(folder, 'local'),
      now: () => 1_700_000_000_000,
      random: () => 0.5,
      meta: { user: 'ada' },
    });
    master.model.put('a', 'text');
    await master.transact((notes) => {
      notes.put('b', new Date(5));
    });
    await master.close();
    const [epoch = ''] = readdirSync(join(folder, 'shared', 'desk'));
    expect(readdirSync(join(folder, 'shared', 'desk', epoch)).sort()).toEqual([
      '0000000000000001.ndjson',
      'frontier.json',
    ]);
    expect(readFileSync(join(folder, 'shared', 'desk', epoch, '0000000000000001.ndjson'), 'utf8')).toBe(WHOLE);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

const WHOLE = [
  '{"v":1,"kind":"header","master":"desk","epoch":"01HF7YAT000008ECDPS58PP4KY","model":"golden-notes","session":"01HF7YAT000008ECDPS58PP4KY","reason":"new","after":null,"crc":"c22ae119"}',
  '{"v":1,"id":"01HF7YAT00000RECDPS58PP4KY","master":"desk","epoch":"01HF7YAT000008ECDPS58PP4KY","seq":1,"model":"golden-notes","tx":"write","txv":1,"args":["a","text"],"meta":{"user":"ada"},"crc":"f1f3f804"}',
  '{"v":1,"id":"01HF7YAT000018ECDPS58PP4KY","master":"desk","epoch":"01HF7YAT000008ECDPS58PP4KY","seq":2,"model":"golden-notes","tx":"write","txv":1,"args":{"json":["b","1970-01-01T00:00:00.005Z"],"meta":{"values":{"1":["Date"]},"v":1}},"meta":{"user":"ada"},"crc":"43f90654"}',
  '',
].join('\n');
