import { readFileSync } from 'node:fs';
import { deterministic } from '../../../src/state/determinism.js';
import { PORTABLE } from '../../../src/state/portable-math.js';

const ID = '01J00000000000000000000001';

type Numeric = (...args: number[]) => number;

/** The functions that are replaced, as a transaction has them, and as this engine has them. */
const native = Math as unknown as Record<string, Numeric>;
const portable = deterministic(ID, () => Math) as unknown as Record<string, Numeric>;

const SPECIAL = [
  ...[0, -0, 1, -1, 0.5, -0.5, 2, -2, 3, 10, 0.1, 1e-10, 1e-17, 1e-300, 5e-324, 1e300, Number.MAX_VALUE, Infinity, NaN],
  ...[-1e-300, -5e-324, -1e300, -Number.MAX_VALUE, -Infinity, Math.PI, -Math.PI, Math.PI / 2, 2 ** 20 + 0.5, 2 ** 53],
  ...[0.24999, 0.25, 0.25001, 0.9999999999999999, 1.0000000000000002, 22, 40, 41, 600, 601, 709.7, 710, -745, -746],
];

/** Distance of two doubles, in doubles that lie between them. */
function distance(left: number, right: number): number {
  if (Object.is(left, right)) return 0;
  if (Number.isNaN(left) || Number.isNaN(right)) return Infinity;
  const bits = new DataView(new ArrayBuffer(16));
  const place = (offset: number, value: number): bigint => {
    bits.setFloat64(offset, value);
    const whole = bits.getBigInt64(offset);
    return whole < 0n ? -(2n ** 63n) - whole : whole;
  };
  const apart = place(0, left) - place(8, right);
  return Number(apart < 0n ? -apart : apart);
}

function* argumentsOf(name: string): Iterable<number[]> {
  const two = ['pow', 'atan2', 'hypot'].includes(name);
  for (const x of SPECIAL) {
    if (!two) yield [x];
    else for (const y of SPECIAL) yield [x, y];
  }
  let seed = 1;
  const random = (): number => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647;
  for (let i = 0; i < 3_000; i++) {
    const size = i % 2 === 0 ? 1 : 2 ** Math.floor(random() * 100 - 50);
    const x = (random() * 4 - 2) * size;
    yield two ? [x, random() * 40 - 20] : [x];
  }
}

test.each(PORTABLE)('%s is within two places of the last bit of what this engine gives', (name) => {
  for (const args of argumentsOf(name)) {
    const [ours, theirs] = [portable[name]!(...args), native[name]!(...args)];
    if (distance(ours, theirs) > 2) throw new Error(`${name}(${args.join()}) is ${ours}, not ${theirs}`);
  }
});

test.each(PORTABLE)(
  '%s has the name and length of the native one, converts as it does, and is no constructor',
  (name) => {
    expect([portable[name]!.name, portable[name]!.length]).toEqual([native[name]!.name, native[name]!.length]);
    expect((portable[name] as (...args: unknown[]) => number)('0.5', true)).toBe(portable[name]!(0.5, 1));
    expect(() => (portable[name] as (...args: unknown[]) => number)(1n, 1n)).toThrow(TypeError);
    expect(portable[name]!()).toBe(native[name]!());
    expect(() => Reflect.construct(portable[name]!, [])).toThrow(TypeError);
  },
);

test('results that are exact are given exactly', () => {
  const { pow, log2, log10, cbrt, hypot, exp, tanh } = portable;
  for (let n = 0; n <= 22; n++) expect(pow!(10, n)).toBe(Number(`1e${n}`));
  for (let n = -1074; n < 1024; n++) {
    expect(pow!(2, n)).toBe(n < -1022 ? 2 ** -1022 * 2 ** (n + 1022) : 2 ** n);
    expect(log2!(pow!(2, n))).toBe(n);
  }
  for (let n = 0; n < 309; n++) expect(log10!(Number(`1e${n}`))).toBe(n);
  for (let n = 1; n < 2_000; n++) expect(cbrt!(n * n * n)).toBe(n);
  expect([hypot!(3, 4), hypot!(1e200, 0), hypot!(5, 12), hypot!()]).toEqual([5, 1e200, 13, 0]);
  expect([exp!(0), tanh!(100), pow!(0.5, 3), pow!(81, 0.5)]).toEqual([1, 1, 0.125, 9]);
});

/** To 17 digits, by a program for arbitrary precision: the nearest double in each case. */
const NEAREST: readonly [name: string, args: number[], value: number][] = [
  ['pow', [1.01, 14], 1.1494742132376226],
  ['pow', [10, -5], 1e-5],
  ['log', [3], 1.0986122886681098],
  ['exp', [1], Math.E],
  ['expm1', [1], 1.7182818284590453],
  ['sin', [1e22], -0.8522008497671888],
  ['cos', [1e22], 0.523214785395139],
  ['sin', [Number.MAX_VALUE], 0.004961954789184062],
  ['tan', [1.5707963267948966], 16331239353195370],
  ['atan2', [1, -1], 2.356194490192345],
];

test.each(NEAREST)('%s(%j) is the nearest double', (name, args, value) => {
  expect(portable[name]!(...args)).toBe(value);
});

test('the bits are the same on every engine: a sum over many arguments', () => {
  const bits = new DataView(new ArrayBuffer(8));
  const sums = PORTABLE.map((name) => {
    let sum = 0;
    for (const args of argumentsOf(name)) {
      bits.setFloat64(0, portable[name]!(...args));
      sum = (Math.imul(sum, 31) + bits.getInt32(0)) | 0;
      sum = (Math.imul(sum, 31) + bits.getInt32(4)) | 0;
    }
    return `${name} ${sum}`;
  });
  expect(sums.join('\n')).toMatchInlineSnapshot(`
   "acos -739573343
   asin -914314128
   atan 1790600617
   cos -486232420
   sin 1580433036
   tan -842535800
   acosh 1400457380
   asinh -1419255557
   atanh -861168036
   cbrt -2079125816
   cosh 2101587351
   exp -2041924512
   expm1 545660705
   log -254086075
   log1p -518010865
   log10 -1544063792
   log2 293628120
   sinh 1341095146
   tanh 911957613
   atan2 201118326
   pow 68597154
   hypot 1662972741"
  `);
});

test('only operations that IEEE 754 fixes are used', () => {
  for (const file of ['double-double', 'exponential', 'angle', 'portable-math']) {
    const source = readFileSync(new URL(`../../../src/state/${file}.ts`, import.meta.url), 'utf8');
    const used = new Set([...source.matchAll(/\bMath\.(\w+)/g)].map(([, name]) => name));
    for (const name of used) expect(['abs', 'floor', 'max', 'min', 'round', 'sqrt', 'PI', 'SQRT2']).toContain(name);
    // `**` of constants alone is folded or computed at load: powers of two are exact everywhere.
    for (const [, base] of source.matchAll(/([\w.)]+) \*\* /g)) expect(base).toBe('2');
  }
});

test('outside and after a transaction Math is the real one; in it the rest is native', () => {
  const real = Math;
  expect(() =>
    deterministic(ID, () => {
      expect(Math).not.toBe(real);
      expect(Math.sqrt).toBe(real.sqrt);
      expect([Math.PI, Object.prototype.toString.call(Math), Math.max(1, 2)]).toEqual([real.PI, '[object Math]', 2]);
      throw new Error('no');
    }),
  ).toThrow('no');
  expect(Math).toBe(real);
});
