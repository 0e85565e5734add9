import {
  add,
  divide,
  double2,
  type Double2,
  exponentOf,
  multiply,
  scale,
  squareRoot,
  subtract,
  times,
  twoProduct,
  twoSum,
} from './double-double.js';
import { oddSeries } from './exponential.js';

/** The functions of angles, to about 96 bits before they are rounded once. */

const ONE = double2(1);
const HALF_PI = double2(1.5707963267948966, 6.123233995736766e-17);
/** What the two parts lack of π/2. */
const HALF_PI_REST = -1.4973849048591698e-33;
const PI = times(HALF_PI, 2);

/** One over n(n+1): what each term of the series of sin (even n) and cos (odd n) has more than the one before. */
const STEPS = Array.from({ length: 30 }, (_, n) => (n === 0 ? ONE : divide(ONE, double2(n * (n + 1)))));

/** Bits behind the point of π/2 as an integer: the largest double has 1024 before it, and 160 are left. */
const FRACTION = 1_240n;
let halfPi: bigint | undefined;

/** π/2 by Machin's formula: 8 arctan(1/5) − 2 arctan(1/239). */
function exactHalfPi(): bigint {
  const one = 1n << (FRACTION + 20n);
  const arctan = (inverse: bigint): bigint => {
    let [power, sum] = [one / inverse, 0n];
    for (let n = 1n; power !== 0n; n += 2n) {
      sum += n % 4n === 1n ? power / n : -(power / n);
      power /= inverse * inverse;
    }
    return sum;
  };
  return (8n * arctan(5n) - 2n * arctan(239n)) >> 20n;
}

/** An angle as quarter turns, of which only the last two bits count, and a rest of at most an eighth turn. */
interface Turned {
  readonly quarter: number;
  readonly rest: Double2;
}

function turn(x: number): Turned {
  if (Math.abs(x) > 2 ** 20) return turnFar(x);
  const quarters = Math.round(x / HALF_PI.h);
  const high = subtract(double2(x), twoProduct(quarters, HALF_PI.h));
  const low = add(twoProduct(quarters, HALF_PI.l), double2(quarters * HALF_PI_REST));
  return { quarter: quarters & 3, rest: subtract(high, low) };
}

/** Far from 0 nothing but whole numbers of more than a thousand bits knows where in its turn an angle is. */
function turnFar(x: number): Turned {
  halfPi ??= exactHalfPi();
  // Beyond 2^20 times 2^33 a double is whole.
  const angle = BigInt(x * 2 ** 33 < Infinity && Math.abs(x) < 2 ** 53 ? x * 2 ** 33 : x);
  const fixed = Math.abs(x) < 2 ** 53 ? angle << (FRACTION - 33n) : angle << FRACTION;
  let quarters = fixed / halfPi;
  let rest = fixed - quarters * halfPi;
  if (2n * rest > halfPi) [quarters, rest] = [quarters + 1n, rest - halfPi];
  if (-2n * rest > halfPi) [quarters, rest] = [quarters - 1n, rest + halfPi];
  const left = rest >> (FRACTION - 180n);
  const high = Number(left);
  const low = Number(left - BigInt(high));
  return { quarter: Number(BigInt.asUintN(2, quarters)), rest: { h: scale(high, -180), l: scale(low, -180) } };
}

/** sin (from 2) or cos (from 1) of at most an eighth turn, without its first factor. */
function series(square: Double2, from: 1 | 2): Double2 {
  let sum = ONE;
  for (let n = from + 26; n >= from; n -= 2) sum = subtract(ONE, multiply(multiply(square, STEPS[n] as Double2), sum));
  return sum;
}

function sine({ quarter, rest }: Turned): Double2 {
  const square = multiply(rest, rest);
  const value = quarter % 2 === 0 ? multiply(rest, series(square, 2)) : series(square, 1);
  return quarter >= 2 ? times(value, -1) : value;
}

function cosine({ quarter, rest }: Turned): Double2 {
  return sine({ quarter: (quarter + 1) & 3, rest });
}

/** So near to 0 a function with slope 1 is its argument. */
function tiny(x: number): boolean {
  return Math.abs(x) < 2 ** -60;
}

export function sin(x: number): number {
  if (tiny(x)) return x;
  return Number.isFinite(x) ? sine(turn(x)).h : NaN;
}

export function cos(x: number): number {
  return Number.isFinite(x) ? cosine(turn(x)).h : NaN;
}

export function tan(x: number): number {
  if (tiny(x)) return x;
  const turned = Number.isFinite(x) ? turn(x) : undefined;
  return turned === undefined ? NaN : divide(sine(turned), cosine(turned)).h;
}

/** atan of a number that is not negative. */
function arctan(x: Double2): Double2 {
  if (x.h > 1) return subtract(HALF_PI, arctan(divide(ONE, x)));
  let half = x;
  for (let i = 0; i < 3; i++) half = divide(half, add(ONE, squareRoot(add(ONE, multiply(half, half)))));
  return times(oddSeries(half, -1), 8);
}

function odd(x: number, size: number): number {
  return x < 0 ? -size : size;
}

export function atan(x: number): number {
  if (tiny(x) || Number.isNaN(x)) return x;
  const size = Math.abs(x);
  return odd(x, size > 2 ** 60 ? HALF_PI.h : arctan(double2(size)).h);
}

export function asin(x: number): number {
  if (tiny(x)) return x;
  const size = Math.abs(x);
  if (!(size <= 1)) return NaN;
  if (size === 1) return odd(x, HALF_PI.h);
  const adjacent = squareRoot(multiply(twoSum(1, size), twoSum(1, -size)));
  return odd(x, arctan(divide(double2(size), adjacent)).h);
}

export function acos(x: number): number {
  if (!(Math.abs(x) <= 1)) return NaN;
  if (x === -1) return PI.h;
  return times(arctan(squareRoot(divide(twoSum(1, -x), twoSum(1, x)))), 2).h;
}

export function atan2(y: number, x: number): number {
  if (Number.isNaN(x) || Number.isNaN(y)) return NaN;
  const left = x < 0 || Object.is(x, -0);
  const down = y < 0 || Object.is(y, -0);
  return (down ? -1 : 1) * arctan2(Math.abs(y), Math.abs(x), left);
}

function arctan2(y: number, x: number, left: boolean): number {
  if (y === 0) return left ? PI.h : 0;
  if (x === 0) return HALF_PI.h;
  if (x === Infinity || y === Infinity) {
    if (x < Infinity) return HALF_PI.h;
    return y < Infinity ? (left ? PI.h : 0) : left ? times(HALF_PI, 1.5).h : Math.PI / 4;
  }
  const apart = exponentOf(y) - exponentOf(x);
  if (apart > 62) return HALF_PI.h;
  if (apart < -62) return left ? PI.h : y / x;
  const exponent = -exponentOf(x);
  const angle = arctan(divide(double2(scale(y, exponent)), double2(scale(x, exponent))));
  return (left ? subtract(PI, angle) : angle).h;
}
