/**
 * The literal bytes of snapshot format 2. Never change an expectation here: snapshots of this format lie on people's disks, and
 * masters compare fingerprints. A new format gets a file of its own.
 */
import { MemoryStore, Prevalent } from '../../src/index.js';
import { ClassTable } from '../../src/model/class-table.js';
import { definitionOf } from '../../src/model/prevalent.js';
import { decideOpening } from '../../src/protocol/opening.js';
import { StateEncoder } from '../../src/state/snapshot-encoder.js';
import { Snapshots } from '../../src/sync/snapshot/snapshots.js';
import { graphText } from '../property/state-graph.js';

class Part {
  note: string | undefined;
  constructor(
    readonly name: string,
    public count = 1,
  ) {}
}
class Failed extends Error {}
class Shelf extends Map<string, Part> {}

@Prevalent('golden', { classes: { part: Part, failed: Failed, shelf: Shelf } })
class Model {
  parts = new Shelf();
  slot: unknown;
}

const POSITION = '01HF7YAT01003QQVXG0000000Z';

function state(): Model {
  const model = new Model();
  const [one, two] = [new Part('one'), new Part('two', 2)];
  two.note = 'é 😀';
  model.parts.set('one', one).set('two', two);
  model.slot = {
    numbers: [0, -1, 127, 128, 65_536, 2 ** 32, 2 ** 53, 0.5, NaN, Infinity, -Infinity, -0],
    others: [undefined, null, true, 12n, -(2n ** 70n), Symbol.for('s'), '\ud800'],
    holes: Object.assign(new Array<unknown>(3), { 1: one }),
    list: Object.assign([one, two, one], { title: 'named' }),
    set: new Set<unknown>(['b', 'a', two]),
    dates: [new Date(0), new Date(NaN), new Date(1_700_000_000_000)],
    pattern: Object.assign(/a"b/giu, { lastIndex: 2 }),
    bytes: [Uint8Array.of(1, 255), Float64Array.of(0.5), Buffer.from('buffer'), new DataView(new ArrayBuffer(2))],
    errors: [new TypeError('native', { cause: one }), new Failed('own')],
    bare: Object.assign(Object.create(null) as object, { __proto__x: 1 }),
    fixed: [Object.freeze({ a: 1 }), Object.seal({ a: 1 }), Object.preventExtensions({ a: 1 })],
    hidden: Object.defineProperty({ [Symbol.for('key')]: 1 }, 'h', { value: 2 }),
    dictionary: Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`key ${i}`, i])),
    self: undefined as unknown,
  };
  (model.slot as { self: unknown }).self = model;
  return model;
}

const EXPECTED = `cHJldmFsZW50IHNuYXBzaG90IDIKhgEAAAF7InYiOjIsIm1vZGVsIjoiZ29sZGVuIiwidmVyc2lvbiI6MSwicG9zaXRpb24iOiIwMUhGN1lBVDAxMDAzUVFW
WEcwMDAwMDAwWiIsInNlYWwiOjQsImZpZWxkcyI6WyJwYXJ0cyIsInNsb3QiXSwic3RyZWFtcyI6MiwicmVqZWN0aW9ucyI6MX0KWyJhQDAxSEY3WUFUMDEw
MDNRUVZYRzAwMDAwMDBaIiwzXQpbImJAMDFIRjdZQVQwMTAwM1FRVlhHMDAwMDAwMFoiLDldCnsiZXZlbnQiOnsibWFzdGVyIjoiYiIsImVwb2NoIjoiMDFI
RjdZQVQwMTAwM1FRVlhHMDAwMDAwMFoiLCJpZCI6IjAxSEY3WUFUMDEwMDNRUVZYRzAwMDAwMDBaIiwic2VxIjo5LCJtb2RlbCI6ImdvbGRlbiIsInR4Ijoi
dCIsInR4diI6MSwiYXJncyI6WzFdLCJtZXRhIjpudWxsfSwiZXJyb3IiOiJFcnJvcjogbm8ifQrAUDRmCQYAAAKen5Khb6VNb2RlbJKhbaVzaGVsZpKhb6CS
oW+kcGFydJKhYaCSoXOgkqF4oJKhbqCSoWSgkqF2qlVpbnQ4QXJyYXmSoXasRmxvYXQ2NEFycmF5kqF2pkJ1ZmZlcpKhdqhEYXRhVmlld5KhZalUeXBlRXJy
b3KSoWOmZmFpbGVk3AAoAAEBAQIBAwIEBAUBBAEGAQQCBwEEAQICCAMJAQoBCwEMAQ0BDgECA5bEA2EiYqNnaXUCCAYC3AAVkwAAlKVwYXJ0cwCkc2xvdACT
AQCQkwIA3AAcp251bWJlcnMApm90aGVycwClaG9sZXMApGxpc3QAo3NldAClZGF0ZXMAp3BhdHRlcm4ApWJ5dGVzAKZlcnJvcnMApGJhcmUApWZpeGVkAKZo
aWRkZW4AqmRpY3Rpb25hcnkApHNlbGYAkwMAlqRuYW1lAKVjb3VudACkbm90ZQCTBACQkwQAkqV0aXRsZQCTBQCQkwYAkqlsYXN0SW5kZXgFkwcAkqpfX3By
b3RvX194AJMCAJShaAeRo2tleQCTAgDAkwgAkJMJAJCTCgCQkwsAkJMMAJCTDQCUp21lc3NhZ2UBpWNhdXNlAZMOAJKnbWVzc2FnZQGTAgOSoWEAkwICkqFh
AJMCAZKhYQDcADAAAQEBAgEDAgQDBQEGAQQBBwEEAggBBAEJAQoBCwMMAQ0BDgEPARABEQESARMBFAHcABSSkgIBkgICkJ6SAgWSAgaSAgeSAgiSAgmSAgqS
AguSAgySAg2SAg6SAg+SAhCSAhGSAgCTkgEAkgCSAQKVxAIDAZACAJCQkZIBA5CRkgACkZIAAZKSAAKSAAGQkJCQkJKSAQSSAgORkgEFkZIAAZGSAAGRkgAB
lRGRKJIB3AAoBgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAJIA3AAoAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIj
JCUmJ5IAAJOYBQAAAAEBAAGYDAcDAwMEAgOVxCUAAAAAAAAAAAQFBgcDAAAICAkBCgIKAgICAgICAgICAgICAgICmgD/f8yAzgABAADPAAAAAQAAAADLQ0AA
AAAAAADLP+AAAAAAAADAwy7cABAD/wD+DgAAAAAAAAAAAAAAk6Fjsy00MDAwMDAwMDAwMDAwMDAwMDChc5MJkQOVxAMBAQKQki8ABJCUAZECkgEAkgKSAwCV
xAMABACSAM8AAAGLz+VoAAAAkJgVxAIB/xbECAAAAAAAAOA/F8QGYnVmZmVyGMQCAADcADEDAwQFBgMFBQUFBQUFBQUFBgYGBgYGBgYGBgYGBgYGBgYGBgYG
BgYGBgYGBgYGAQEBkcUCAm8AbgBlAHQAdwBvAOkAIAA92ADebgBhAG0AZQBkAG4AYQB0AGkAdgBlAG8AdwBuAGsAZQB5ACAAMABrAGUAeQAgADEAawBlAHkA
IAAyAGsAZQB5ACAAMwBrAGUAeQAgADQAawBlAHkAIAA1AGsAZQB5ACAANgBrAGUAeQAgADcAawBlAHkAIAA4AGsAZQB5ACAAOQBrAGUAeQAgADEAMABrAGUA
eQAgADEAMQBrAGUAeQAgADEAMgBrAGUAeQAgADEAMwBrAGUAeQAgADEANABrAGUAeQAgADEANQBrAGUAeQAgADEANgBrAGUAeQAgADEANwBrAGUAeQAgADEA
OABrAGUAeQAgADEAOQBrAGUAeQAgADIAMABrAGUAeQAgADIAMQBrAGUAeQAgADIAMgBrAGUAeQAgADIAMwBrAGUAeQAgADIANABrAGUAeQAgADIANQBrAGUA
eQAgADIANgBrAGUAeQAgADIANwBrAGUAeQAgADIAOABrAGUAeQAgADIAOQBrAGUAeQAgADMAMABrAGUAeQAgADMAMQBrAGUAeQAgADMAMgBrAGUAeQAgADMA
MwBrAGUAeQAgADMANABrAGUAeQAgADMANQBrAGUAeQAgADMANgBrAGUAeQAgADMANwBrAGUAeQAgADMAOABrAGUAeQAgADMAOQAA2GIAYQCeOeJONQAAAAN7
ImZyYW1lcyI6Miwibm9kZXMiOjMwLCJmaW5nZXJwcmludCI6Ijk4MGI0NWE1LTE1NDUifd6Q27I=`;

const FINGERPRINT = '980b45a5-1545';

/** What declares itself: constants, also inside of others, and values. */
class Money {
  constructor(
    readonly cents: number,
    readonly currency: string,
  ) {}
}
const OPEN = { label: 'open', owner: { name: 'nobody' } };
const DONE = { label: 'done' };

@Prevalent('golden-declared', {
  constants: { 'status.open': OPEN, 'status.done': DONE },
  values: {
    money: {
      class: Money,
      encode: (value) => [value.cents, value.currency],
      decode: (data) => new Money(...(data as [number, string])),
    },
  },
})
class Declared {
  slot: unknown;
}

function declaredState(): Declared {
  const [price, other] = [new Money(500, 'EUR'), new Money(-1, 'é 😀')];
  const model = new Declared();
  model.slot = {
    status: OPEN,
    inner: OPEN.owner,
    list: [DONE, OPEN, price, other, price],
    byPrice: new Map<unknown, unknown>([[price, DONE]]),
    all: new Set<unknown>([OPEN, other]),
  };
  return model;
}

const EXPECTED_DECLARED = `cHJldmFsZW50IHNuYXBzaG90IDIKkAEAAAF7InYiOjIsIm1vZGVsIjoiZ29sZGVuLWRlY2xhcmVkIiwidmVyc2lvbiI6MSwicG9zaXRpb24iOiIwMUhGN1lB
VDAxMDAzUVFWWEcwMDAwMDAwWiIsInNlYWwiOjQsImZpZWxkcyI6WyJzbG90Il0sInN0cmVhbXMiOjIsInJlamVjdGlvbnMiOjF9ClsiYUAwMUhGN1lBVDAx
MDAzUVFWWEcwMDAwMDAwWiIsM10KWyJiQDAxSEY3WUFUMDEwMDNRUVZYRzAwMDAwMDBaIiw5XQp7ImV2ZW50Ijp7Im1hc3RlciI6ImIiLCJlcG9jaCI6IjAx
SEY3WUFUMDEwMDNRUVZYRzAwMDAwMDBaIiwiaWQiOiIwMUhGN1lBVDAxMDAzUVFWWEcwMDAwMDAwWiIsInNlcSI6OSwibW9kZWwiOiJnb2xkZW4tZGVjbGFy
ZWQiLCJ0eCI6InQiLCJ0eHYiOjEsImFyZ3MiOlsxXSwibWV0YSI6bnVsbH0sImVycm9yIjoiRXJyb3I6IG5vIn0KQHu9ry4BAAACnpmSoW+lTW9kZWySoW+g
kqFrq3N0YXR1cy5vcGVukqFrsXN0YXR1cy5vcGVuL293bmVykqFhoJKhbaCSoXOgkqFrq3N0YXR1cy5kb25lkqF3pW1vbmV53AASAAEBAQIBAwEEAQUBBgEH
AQgCksQLWzUwMCwiRVVSIl3EDlstMSwiw6kg8J+YgCJdmZMAAJKkc2xvdACTAQCapnN0YXR1cwClaW5uZXIApGxpc3QAp2J5UHJpY2UAo2FsbACTAgCQkwMA
kJMEAJCTBQCQkwYAkJMHAJCTCACQ3AASAAEBAQIBAwEEAQUBBgEHAQgCmZGSAgGVkgICkgIDkgIEkgIFkgIGkJCQkJCQkJCTBJEFkgKVB/oFAP6TBpECkgKS
AgaUBZEBkgIIkgIHkJCQxACkgom7NAAAAAN7ImZyYW1lcyI6Miwibm9kZXMiOjEwLCJmaW5nZXJwcmludCI6IjRjMzZlZTVkLTMwMiJ95dHK+g==`;

const FINGERPRINT_DECLARED = '4c36ee5d-302';

/** A model, one of its states, and what that is written as. */
interface Golden {
  readonly Model: new () => object;
  readonly state: () => object;
  readonly expected: string;
  readonly fingerprint: string;
}

const GOLDEN: readonly (readonly [string, Golden])[] = [
  ['one of everything', { Model, state, expected: EXPECTED, fingerprint: FINGERPRINT }],
  [
    'constants and values',
    { Model: Declared, state: declaredState, expected: EXPECTED_DECLARED, fingerprint: FINGERPRINT_DECLARED },
  ],
];

interface Written {
  readonly bytes: Buffer;
  readonly snapshots: Snapshots;
  readonly fingerprint: string;
}

async function written({ Model: Root, state: make, expected }: Golden): Promise<Written> {
  const definition = definitionOf(Root);
  const classes = new ClassTable(definition);
  const store = new MemoryStore();
  const newEpoch = (): string => '01HF7YAT00FQ2VRP41VVTGRSXB';
  const journal = await store.open({
    master: 'a',
    model: definition.name,
    local: undefined,
    newEpoch,
    decide: decideOpening,
  });
  const snapshots = new Snapshots(
    store,
    { journal, header: journal.header },
    { definition, classes, genesis: () => new Root() },
  );
  const encoder = new StateEncoder(make(), classes);
  async function* chunks(): AsyncGenerator<Uint8Array> {
    while (!encoder.done) yield* encoder.advance(() => false);
  }
  const event = {
    master: 'b',
    epoch: POSITION,
    id: POSITION,
    seq: 9,
    model: definition.name,
    tx: 't',
    txv: 1,
    args: [1],
    meta: null,
  };
  const place = {
    position: POSITION,
    vector: new Map([
      [`a@${POSITION}`, 3],
      [`b@${POSITION}`, 9],
    ]),
    rejections: [{ event, error: 'Error: no', undo: undefined }],
    seal: 4,
  };
  const { fingerprint } = await snapshots.write(place, { chunks: chunks(), nodes: () => encoder.nodes });
  const pieces: Uint8Array[] = [];
  for await (const piece of store.readSnapshot(journal.header, { position: POSITION })) pieces.push(piece);
  const bytes = Buffer.concat(pieces);
  store.readSnapshot = async function* () {
    yield Buffer.from(expected, 'base64');
  };
  return { bytes, snapshots, fingerprint };
}

test.each(GOLDEN)('a state with %s is written as these bytes', async (_, golden) => {
  const { bytes, fingerprint } = await written(golden);
  expect(bytes.toString('base64').replace(/.{120}/g, '$&\n')).toBe(golden.expected);
  expect(fingerprint).toBe(golden.fingerprint);
});

test.each(GOLDEN)('and read from them: %s', async (_, golden) => {
  const { snapshots } = await written(golden);
  const { root, seal, vector, rejections } = await snapshots.read(snapshots.own, { position: POSITION });
  expect(graphText(root())).toBe(graphText(golden.state()));
  expect([seal, vector.get(`b@${POSITION}`), rejections[0]?.event.seq]).toEqual([4, 9, 9]);
});

test('constants that are read are the objects themselves, and values are of their class', async () => {
  const { snapshots } = await written(GOLDEN[1]![1]);
  const { root } = await snapshots.read(snapshots.own, { position: POSITION });
  const { status, inner, list, byPrice } = (root() as Declared).slot as {
    status: object;
    inner: object;
    list: object[];
    byPrice: Map<object, object>;
  };
  expect([status === OPEN, inner === OPEN.owner, list[0] === DONE, list[1] === OPEN]).toEqual([true, true, true, true]);
  expect(list.slice(2)).toEqual([new Money(500, 'EUR'), new Money(-1, 'é 😀'), new Money(500, 'EUR')]);
  expect([list[2] === list[4], byPrice.get(list[2]!) === DONE]).toEqual([true, true]);
});
