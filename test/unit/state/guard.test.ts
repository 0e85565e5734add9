import { Prevalent } from 'prevalent';
import { UnsupportedStateError, WriteOutsideTransactionError } from '../../../src/errors.js';
import { graphText } from '../../property/state-graph.js';
import { Managed } from './managed.js';

class Point {
  constructor(
    public x = 1,
    public y = 2,
  ) {}
  get sum(): number {
    return this.x + this.y;
  }
  set sum(value: number) {
    this.x = value - this.y;
  }
}

class Tags extends Map<string, number> {}

@Prevalent('state-guard', { classes: [Point, Tags] })
class Model {
  plain: Record<PropertyKey, unknown> = { a: 1, b: { c: 1 } };
  bare: Record<string, unknown> = Object.assign(Object.create(null), { a: 1 });
  point = new Point();
  list: unknown[] = [3, { n: 1 }, 1];
  map = new Map<unknown, unknown>([['k', { v: 1 }]]);
  tags = new Tags([['t', 1]]);
  set = new Set<unknown>(['s', { m: 1 }]);
  date = new Date(1000);
  bytes = new Uint8Array([1, 2, 3]);
  buffer = Buffer.from('text');
  view = new DataView(new ArrayBuffer(8));
  pattern = /a/g;
  error = new Error('kept');
  frozen = Object.freeze({ inner: { n: 1 } });
  sealed = Object.seal({ n: 1 });
}

type Write = [what: string, write: (model: Model) => unknown];

const WRITES: Write[] = [
  ['a field of the model', (m) => (m.plain = {})],
  ['a new field of the model', (m) => ((m as { extra?: number }).extra = 1)],
  ['delete of a field of the model', (m) => delete (m as { plain?: unknown }).plain],
  ['a field', (m) => (m.plain.a = 2)],
  ['the same value again', (m) => (m.plain.a = 1)],
  ['a new field', (m) => (m.plain.z = 1)],
  ['a symbol field', (m) => (m.plain[Symbol.for('s')] = 1)],
  ['a nested field', (m) => ((m.plain.b as { c: number }).c = 2)],
  ['delete', (m) => delete m.plain.a],
  ['defineProperty', (m) => Object.defineProperty(m.plain, 'b', { value: 5 })],
  ['freeze', (m) => Object.freeze(m.plain)],
  ['setPrototypeOf', (m) => Object.setPrototypeOf(m.plain, Array.prototype)],
  ['__proto__', (m) => ((m.plain as { __proto__?: object }).__proto__ = Array.prototype)],
  ['assign', (m) => Object.assign(m.plain, { q: 1 })],
  ['a field of a null-prototype object', (m) => (m.bare.a = 2)],
  ['a field of an instance', (m) => (m.point.x = 5)],
  ['a setter', (m) => (m.point.sum = 50)],
  ['an element', (m) => (m.list[0] = 1)],
  ['an element beyond the end', (m) => (m.list[9] = 1)],
  ['a length', (m) => (m.list.length = 0)],
  ['push', (m) => m.list.push(1)],
  ['pop', (m) => m.list.pop()],
  ['shift', (m) => m.list.shift()],
  ['unshift', (m) => m.list.unshift(1)],
  ['splice', (m) => m.list.splice(0, 1)],
  ['sort', (m) => m.list.sort()],
  ['reverse', (m) => m.list.reverse()],
  ['fill', (m) => m.list.fill(0)],
  ['copyWithin', (m) => m.list.copyWithin(0, 1)],
  ['an element by find', (m) => ((m.list.find((one) => typeof one === 'object') as any).n = 2)],
  ['Map set', (m) => m.map.set('x', 1)],
  ['Map delete', (m) => m.map.delete('k')],
  ['Map clear', (m) => m.map.clear()],
  ['a value of a Map', (m) => ((m.map.get('k') as any).v = 2)],
  ['a value met in forEach', (m) => m.map.forEach((value) => ((value as any).v = 2))],
  ['the map handed to forEach', (m) => m.map.forEach((_, key, map) => map.delete(key))],
  ['a subclass of Map', (m) => m.tags.set('t', 2)],
  ['Set add', (m) => m.set.add(1)],
  ['Set delete', (m) => m.set.delete('s')],
  ['Set clear', (m) => m.set.clear()],
  ['a member of a Set', (m) => (([...m.set][1] as any).m = 2)],
  ['Date setTime', (m) => m.date.setTime(0)],
  ['Date setFullYear', (m) => m.date.setFullYear(2000)],
  ['a byte', (m) => (m.bytes[0] = 9)],
  ['bytes fill', (m) => m.bytes.fill(0)],
  ['bytes set', (m) => m.bytes.set([9])],
  ['a subarray', (m) => m.bytes.subarray(1).fill(0)],
  ['the array handed to a callback', (m) => m.bytes.forEach((_, index, all) => (all[index] = 0))],
  ['Buffer write', (m) => m.buffer.write('x')],
  ['DataView set', (m) => m.view.setInt8(0, 1)],
  ['lastIndex', (m) => (m.pattern.lastIndex = 1)],
  ['exec of a global expression', (m) => m.pattern.exec('a')],
  ['a field of an Error', (m) => (m.error.message = 'changed')],
  ['a frozen object', (m) => ((m.frozen as any).inner = 1)],
  ['an object in a frozen one', (m) => (m.frozen.inner.n = 2)],
  ['delete in a frozen object', (m) => delete (m.frozen as any).inner],
  ['defineProperty on a frozen object', (m) => Object.defineProperty(m.frozen, 'x', { value: 1 })],
  ['a sealed object', (m) => (m.sealed.n = 2)],
];

describe('outside a transaction', () => {
  test.each(WRITES)('%s is refused and changes nothing', (_, write) => {
    const { model, raw } = new Managed(Model);
    const before = graphText(raw);
    expect(() => write(model)).toThrow(WriteOutsideTransactionError);
    expect(graphText(raw)).toBe(before);
  });

  test('the error names the place', () => {
    const { model } = new Managed(Model);
    expect(() => (model.point.x = 5)).toThrow(/^Point\.x was written outside a transaction/);
  });

  test('the bytes behind a typed array are handed out as a copy', () => {
    const { model, raw } = new Managed(Model);
    new Uint8Array(model.bytes.buffer).fill(0);
    expect([...raw.bytes]).toEqual([1, 2, 3]);
  });

  test('reading is free, also where it looks like writing', () => {
    const { model } = new Managed(Model);
    expect(String(model.pattern)).toBe('/a/g');
    expect([...'aa'.matchAll(model.pattern)]).toHaveLength(2);
    expect('ba'.search(model.pattern)).toBe(1);
    expect(model.bytes.map((one) => one * 2).join()).toBe('2,4,6');
    expect(model.list.slice().reverse()).toHaveLength(3);
    expect(model.point.sum).toBe(3);
    expect(JSON.stringify(model.frozen)).toBe('{"inner":{"n":1}}');
  });
});

describe('inside a transaction', () => {
  test('every one of these writes works, or is refused as what cannot be undone', () => {
    for (const [what, write] of WRITES) {
      const managed = new Managed(Model);
      const before = graphText(managed.raw);
      try {
        const { undo } = managed.apply(write);
        managed.undo(undo);
      } catch (error) {
        expect([what, error]).toEqual([what, expect.any(what.includes('frozen') ? TypeError : UnsupportedStateError)]);
      }
      expect([what, graphText(managed.raw)]).toEqual([what, before]);
    }
  });

  test('all of them together are undone together', () => {
    const managed = new Managed(Model);
    const before = graphText(managed.raw);
    const { undo } = managed.apply((model) => {
      for (const [what, write] of WRITES) {
        if (/freeze|frozen|Prototype|__proto__|of the model/.test(what)) continue;
        try {
          write(model);
        } catch (error) {
          // An earlier write may have taken away what a later one writes to.
          if (!(error instanceof TypeError)) throw error;
        }
      }
    });
    expect(graphText(managed.raw)).not.toBe(before);
    managed.undo(undo);
    expect(graphText(managed.raw)).toBe(before);
  });
});
