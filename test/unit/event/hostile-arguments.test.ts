import 'reflect-metadata';
import fc from 'fast-check';
import { Prevalent, Transaction } from 'prevalent';
import { CallCodec, type EncodedArgs } from '../../../src/event/call-codec.js';
import { ClassTable } from '../../../src/model/class-table.js';
import { definitionOf } from '../../../src/model/prevalent.js';

class Point {
  x = 0;
  set loud(text: string) {
    this.x = text.length;
  }
}

@Prevalent('hostile', { classes: { point: Point } })
class Model {
  @Transaction() any(..._args: unknown[]): void {}
}

const definition = definitionOf(Model);
const codec = new CallCodec(definition, new ClassTable(definition));
const transaction = (name: string) => definition.transactions.get(name)!;

describe('hostile arguments', () => {
  test.each<[string, string]>([
    ['no list', '{"json":{"a":1}}'],
    ['nothing', '{}'],
    ['__proto__ in plain JSON', '[{"__proto__":{"admin":true}}]'],
    ['constructor in plain JSON', '[{"a":{"constructor":{"prototype":{"admin":true}}}}]'],
    ['__proto__ in the JSON of superjson', '{"json":[{"__proto__":{"admin":true}}]}'],
    ['constructor in the JSON of superjson', '{"json":[{"constructor":1}]}'],
    ['a path through __proto__', '{"json":[{"a":1}],"meta":{"values":{"0.__proto__.admin":["undefined"]},"v":1}}'],
    [
      'a path through constructor',
      '{"json":[{"a":1}],"meta":{"values":{"0.constructor.prototype.admin":["undefined"]},"v":1}}',
    ],
    [
      'equal references through __proto__',
      '{"json":[{"a":1}],"meta":{"referentialEqualities":{"0":["0.__proto__.admin"]},"v":1}}',
    ],
    [
      'equal references through constructor',
      '{"json":[{"a":1}],"meta":{"referentialEqualities":{"0":["0.a.constructor.prototype.admin"]},"v":1}}',
    ],
    ['an unknown class', '{"json":[{}],"meta":{"values":{"0":[["class","Function"]]},"v":1}}'],
    ['a prototype as the class', '{"json":[{}],"meta":{"values":{"0":[["class","__proto__"]]},"v":1}}'],
    ['an unknown custom type', '{"json":[{}],"meta":{"values":{"0":[["custom","evil"]]},"v":1}}'],
    [
      'bytes of an unknown type',
      '{"json":[{"type":"Function","base64":5}],"meta":{"values":{"0":[["custom","binary"]]},"v":1}}',
    ],
    ['an unknown symbol', '{"json":["x"],"meta":{"values":{"0":[["symbol","iterator"]]},"v":1}}'],
    ['a Map of no entries', '{"json":[5],"meta":{"values":{"0":["map"]},"v":1}}'],
    ['a bad RegExp', '{"json":["/(/"],"meta":{"values":{"0":["regexp"]},"v":1}}'],
    ['a bad URL', '{"json":["nowhere"],"meta":{"values":{"0":["URL"]},"v":1}}'],
    ['a few bytes for gigabytes', '{"json":[4000000000],"meta":{"values":{"0":[["typed-array","Uint8Array"]]},"v":1}}'],
    ['a list for a typed array', '{"json":[[1,2]],"meta":{"values":{"0":[["typed-array","Uint8Array"]]},"v":1}}'],
    ['a note far beyond a list', '{"json":[[]],"meta":{"values":{"0.4294967294":["undefined"]},"v":1}}'],
    ['a reference far beyond a list', '{"json":[[],1],"meta":{"referentialEqualities":{"1":["0.4294967294"]},"v":1}}'],
    ['a note on the length of a list', '{"json":[[]],"meta":{"values":{"0.length":["undefined"]},"v":1}}'],
    ['an Error', '{"json":[{"message":"m"}],"meta":{"values":{"0":["Error"]},"v":1}}'],
    ['notes of an older superjson', '{"json":["5"],"meta":{"values":{"0":["bigint"]}}}'],
    ['a setter of a class', '{"json":[{"loud":"x"}],"meta":{"values":{"0":[["class","point"]]},"v":1}}'],
    [
      'bytes that only some engines have',
      '{"json":[{"type":"Float8Array","base64":"AA=="}],"meta":{"values":{"0":[["custom","binary"]]},"v":1}}',
    ],
    ['a bad bigint', '{"json":["one"],"meta":{"values":{"0":["bigint"]},"v":1}}'],
    ['bottomless lists', '['.repeat(5_000) + ']'.repeat(5_000)],
    ['bottomless superjson', `{"json":[${'['.repeat(5_000)}${']'.repeat(5_000)}]}`],
    ['bottomless meta', `{"json":[1],"meta":{"values":${'[0,'.repeat(5_000)}0${']'.repeat(5_000)},"v":1}}`],
  ])('%s: refused, nothing is polluted', (_what, text) => {
    expect(() => codec.open(JSON.parse(text) as EncodedArgs)).toThrow();
    expect(() => codec.decode(transaction('any'), JSON.parse(text) as EncodedArgs, 1)).toThrow();
    expect(({} as { admin?: unknown }).admin).toBeUndefined();
    expect('admin' in Point.prototype || 'admin' in Array.prototype).toBe(false);
  });

  test('whatever the bytes, decoding gives a list or throws an Error, and pollutes nothing', () => {
    const names = Object.getOwnPropertyNames(Object.prototype).sort();
    fc.assert(
      fc.property(fc.json({ maxDepth: 4 }), fc.json({ maxDepth: 4 }), (json, meta) => {
        let back: unknown;
        try {
          back = codec.open(JSON.parse(`{"json":[${json}],"meta":{"values":${meta},"v":1}}`) as EncodedArgs);
        } catch (error) {
          return error instanceof Error;
        }
        return Array.isArray(back);
      }),
      { seed: 7, numRuns: 200 },
    );
    expect(Object.getOwnPropertyNames(Object.prototype).sort()).toEqual(names);
  });
});
