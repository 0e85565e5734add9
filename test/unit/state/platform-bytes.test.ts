/** Functions of the platform that take bytes find a guard: the error says what to give them, and that works. */
import { createHash } from 'node:crypto';
import { copyOf, Prevalent } from 'prevalent';
import { UnsupportedStateError } from '../../../src/errors.js';
import { Managed } from './managed.js';

@Prevalent('platform-bytes')
class Model {
  bytes = Uint8Array.of(1, 2, 3);
  view = new DataView(new ArrayBuffer(3));
  total = 0;
}

const digest = (bytes: Uint8Array | DataView): string => createHash('sha256').update(bytes).digest('hex');

const uses: readonly (readonly [string, (bytes: Uint8Array) => unknown])[] = [
  ['a hash', digest],
  ['a list of buffers', (bytes) => Buffer.concat([bytes])],
  ['a decoder', (bytes) => new TextDecoder().decode(bytes)],
  ['an atomic read', (bytes) => Atomics.load(bytes, 0)],
  ['a comparison', (bytes) => Buffer.from([1, 2, 3]).equals(bytes)],
];

describe.each(uses)('%s', (_, use) => {
  test('of stored bytes is refused in a transaction, with the remedy', () => {
    const managed = new Managed(Model);
    const call = (): unknown =>
      managed.transact((model) => {
        model.total++;
        use(model.bytes);
      });
    expect(call).toThrow(UnsupportedStateError);
    expect(call).toThrow(/behind a guard.*copyOf\(view\), or new Uint8Array\(view\)/);
    expect(managed.model.total).toBe(0);
  });

  test('of a copy gives what it gives of bare bytes, in and outside of transactions', () => {
    const managed = new Managed(Model);
    const bare = use(Uint8Array.of(1, 2, 3));
    expect(managed.transact((model) => [use(copyOf(model.bytes)), use(new Uint8Array(model.bytes))])).toEqual([
      bare,
      bare,
    ]);
    expect(use(copyOf(managed.model.bytes))).toEqual(bare);
  });
});

test('a DataView is copied as well', () => {
  const managed = new Managed(Model);
  expect(() => managed.transact((model) => digest(model.view))).toThrow(/behind a guard/);
  expect(managed.transact((model) => digest(copyOf(model.view)))).toBe(digest(new Uint8Array(3)));
});

test.each<[string, () => unknown]>([
  ['of another kind', () => digest(5 as never)],
  [
    'of the model itself',
    () => {
      throw Object.assign(new TypeError('an instance of Buffer. Received 5'), { code: 'ERR_INVALID_ARG_TYPE' });
    },
  ],
  [
    'without a code',
    () => {
      throw new TypeError('must be an instance of Buffer');
    },
  ],
])('a wrong argument %s keeps its error', (_, wrong) => {
  const managed = new Managed(Model);
  expect(() => managed.transact(wrong)).toThrow(expect.objectContaining({ name: 'TypeError' }) as Error);
  expect(() => managed.transact(wrong)).not.toThrow(UnsupportedStateError);
});
