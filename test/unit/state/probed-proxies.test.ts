/** Where the platform cannot tell a Proxy, `check: 'replay'` probes what a call makes. Only the core is imported: it knows no platform. */
import { Master, MemoryStore, Prevalent, Transaction } from '../../../src/core.js';
import { isProbedProxy } from '../../../src/model/foreign-proxy.js';

class Plain {
  a = 1;
}

const ORDINARY: [string, () => object][] = [
  ['a plain object', () => ({ a: 1 })],
  ['an object without a prototype', () => Object.create(null) as object],
  ['an array', () => [1]],
  ['an instance', () => new Plain()],
  ['a Map', () => new Map()],
  ['a Date', () => new Date(0)],
  ['bytes', () => new Uint8Array(1)],
  ['a frozen object', () => Object.freeze({ a: 1 })],
  ['what has a prototype of its own', () => Object.create({ b: 1 }) as object],
];

test.each(ORDINARY)('%s is ordinary, and stays what it is', (_, make) => {
  const object = make();
  const before = Object.getPrototypeOf(object) as unknown;
  expect(isProbedProxy(object)).toBe(false);
  expect(Object.getPrototypeOf(object)).toBe(before);
});

const dies: ProxyHandler<object> = {
  setPrototypeOf() {
    throw new Error('no');
  },
};

test.each(ORDINARY.filter(([name]) => !name.includes('frozen')))(
  'a Proxy of %s is found, and left as it was',
  (_, make) => {
    for (const handler of [{}, dies]) {
      const object = make();
      const before = Object.getPrototypeOf(object) as unknown;
      expect(isProbedProxy(new Proxy(object, handler))).toBe(true);
      expect(Object.getPrototypeOf(object)).toBe(before);
    }
  },
);

test('a Proxy of a frozen object is found if its trap throws, as that of a draft does', () => {
  expect(isProbedProxy(new Proxy(Object.freeze({}), dies))).toBe(true);
});

test('a revoked Proxy is found', () => {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  expect(isProbedProxy(proxy)).toBe(true);
});

@Prevalent('probed-cupboard')
class Cupboard {
  slot: unknown = 'empty';
  @Transaction() put(): void {
    this.slot = { deep: [new Proxy({ a: 1 }, {})] };
  }
}

test("without a platform's test a stored Proxy is refused under the check", async () => {
  const checked = await Master.open(Cupboard, { name: 'a', store: new MemoryStore(), check: 'replay' });
  expect(() => {
    checked.model.put();
  }).toThrow(expect.objectContaining({ code: 'UNSUPPORTED_STATE' }));
  expect(checked.model.slot).toBe('empty');
  await checked.close();
});
