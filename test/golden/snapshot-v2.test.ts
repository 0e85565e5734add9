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
const definition = definitionOf(Model);
const classes = new ClassTable(definition);

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

async function written(): Promise<{ bytes: Buffer; snapshots: Snapshots; fingerprint: string }> {
  const store = new MemoryStore();
  const newEpoch = (): string => '01HF7YAT00FQ2VRP41VVTGRSXB';
  const journal = await store.open({ master: 'a', model: 'golden', local: undefined, newEpoch, decide: decideOpening });
  const snapshots = new Snapshots(
    store,
    { journal, header: journal.header },
    { definition, classes, genesis: () => new Model() },
  );
  const encoder = new StateEncoder(state(), classes);
  async function* chunks(): AsyncGenerator<Uint8Array> {
    while (!encoder.done) yield* encoder.advance(() => false);
  }
  const event = {
    master: 'b',
    epoch: POSITION,
    id: POSITION,
    seq: 9,
    model: 'golden',
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
    yield Buffer.from(EXPECTED, 'base64');
  };
  return { bytes, snapshots, fingerprint };
}

test('a state with one of everything is written as these bytes', async () => {
  const { bytes, fingerprint } = await written();
  expect(bytes.toString('base64').replace(/.{120}/g, '$&\n')).toBe(EXPECTED);
  expect(fingerprint).toBe(FINGERPRINT);
});

test('and read from them', async () => {
  const { snapshots } = await written();
  const { root, seal, vector, rejections } = await snapshots.read(snapshots.own, { position: POSITION });
  expect(graphText(root())).toBe(graphText(state()));
  expect([seal, vector.get(`b@${POSITION}`), rejections[0]?.event.seq]).toEqual([4, 9, 9]);
});
