import {
  add,
  divide,
  double2,
  type Double2,
  exponentOf,
  multiply,
  powerOfTwo,
  scale,
  squareRoot,
  subtract,
  times,
  twoProduct,
  twoSum,
} from './double-double.js';

/** Powers and logarithms, to about 96 bits before they are rounded once; so exact results are exact. */

const ONE = double2(1);
const LN2 = double2(0.6931471805599453, 2.3190468138462996e-17);
const LN10 = double2(2.302585092994046, -2.1707562233822494e-16);

/** One over each odd number: the coefficients of the series of atanh and, with changing signs, of atan. */
const ODD_PARTS = Array.from({ length: 24 }, (_, index) => divide(ONE, double2(2 * index + 1)));
/** One over each number. */
const PARTS = Array.from({ length: 12 }, (_, index) => divide(ONE, double2(index + 1)));

/** Σ sign^k s^(2k+1) / (2k+1), for |s| below 0.18. */
export function oddSeries(s: Double2, sign: 1 | -1): Double2 {
  const square = times(multiply(s, s), sign);
  let sum = double2(0);
  for (let k = ODD_PARTS.length - 1; k >= 0; k--) sum = add(multiply(sum, square), ODD_PARTS[k] as Double2);
  return multiply(sum, s);
}

/** e^x − 1 for |x| below ln 2, with all its bits also near 0. */
function smallExpm1(x: Double2): Double2 {
  const part = times(x, 2 ** -9);
  let sum = double2(0);
  for (let k = 9; k >= 0; k--) sum = multiply(add(sum, ONE), multiply(part, PARTS[k] as Double2));
  for (let i = 0; i < 9; i++) sum = add(times(sum, 2), multiply(sum, sum));
  return sum;
}

/** e^x as `value` times 2 to `exponent`. */
function exponential(x: Double2): { value: Double2; exponent: number } {
  const exponent = Math.round(x.h / LN2.h);
  const rest = subtract(x, multiply(LN2, double2(exponent)));
  return { value: add(ONE, smallExpm1(rest)), exponent };
}

/** e^x where it is far from the ends of the range. */
function plainExponential(x: Double2): Double2 {
  const { value, exponent } = exponential(x);
  return times(value, powerOfTwo(exponent));
}

/** ln u for a positive u. */
function logarithm(u: Double2): Double2 {
  let exponent = exponentOf(u.h);
  let m = { h: scale(u.h, -exponent), l: scale(u.l, -exponent) };
  if (m.h > Math.SQRT2) {
    m = times(m, 0.5);
    exponent++;
  }
  const near = times(oddSeries(divide(subtract(m, ONE), add(m, ONE)), 1), 2);
  return add(multiply(LN2, double2(exponent)), near);
}

/** ln (1 + x) with all its bits also near 0. */
function logarithm1p(x: Double2): Double2 {
  if (Math.abs(x.h) < 0.25) return times(oddSeries(divide(x, add(double2(2), x)), 1), 2);
  const sum = twoSum(1, x.h);
  return logarithm(add(sum, double2(x.l)));
}

export function exp(x: number): number {
  if (Number.isNaN(x)) return x;
  if (x > 710) return Infinity;
  if (x < -746) return 0;
  const { value, exponent } = exponential(double2(x));
  return scale(value.h, exponent);
}

/** So near to 0 a function with slope 1 is its argument. */
function tiny(x: number): boolean {
  return Math.abs(x) < 2 ** -60;
}

export function expm1(x: number): number {
  if (tiny(x) || Number.isNaN(x) || x > 710) return x > 710 ? Infinity : x;
  if (x < -50) return -1;
  if (Math.abs(x) < 0.5) return smallExpm1(double2(x)).h;
  return x > 600 ? exp(x) : subtract(plainExponential(double2(x)), ONE).h;
}

/** Of what is not a finite positive number. */
function improperLog(x: number): number {
  return x === 0 ? -Infinity : x > 0 ? Infinity : NaN;
}

function proper(x: number): boolean {
  return x > 0 && x < Infinity;
}

export function log(x: number): number {
  return proper(x) ? logarithm(double2(x)).h : improperLog(x);
}

export function log2(x: number): number {
  return proper(x) ? divide(logarithm(double2(x)), LN2).h : improperLog(x);
}

export function log10(x: number): number {
  return proper(x) ? divide(logarithm(double2(x)), LN10).h : improperLog(x);
}

export function log1p(x: number): number {
  if (tiny(x)) return x;
  return x > -1 && x < Infinity ? logarithm1p(double2(x)).h : improperLog(x + 1);
}

/** As the language has it, which for a base of ±1 with an infinite exponent is not as C has it. */
export function pow(x: number, y: number): number {
  if (y === 0) return 1;
  if (y === 1 || Number.isNaN(x) || Number.isNaN(y)) return y === 1 ? x : NaN;
  const size = Math.abs(x);
  if (!Number.isFinite(y)) return size === 1 ? NaN : size > 1 === y > 0 ? Infinity : 0;
  const odd = Math.abs(y % 2) === 1;
  const sign = odd && (x < 0 || Object.is(x, -0)) ? -1 : 1;
  if (size === 0 || size === Infinity) return sign * ((size === 0) === y > 0 ? 0 : Infinity);
  if (x < 0 && !Number.isInteger(y)) return NaN;
  if (y === 2) return x * x;
  return sign * powerOf(size, y);
}

function powerOf(size: number, y: number): number {
  const base = logarithm(double2(size));
  const about = base.h * y;
  if (about > 710) return Infinity;
  if (about < -746) return 0;
  if (tiny(about)) return 1;
  const { value, exponent } = exponential(multiply(base, double2(y)));
  return scale(value.h, exponent);
}

/** With the sign of `x`: these functions are odd. */
function odd(x: number, size: number): number {
  return x < 0 ? -size : size;
}

export function sinh(x: number): number {
  const size = Math.abs(x);
  if (tiny(x) || !Number.isFinite(x)) return x;
  if (size > 40) return odd(x, halfExp(size));
  const e = size < 0.5 ? smallExpm1(double2(size)) : subtract(plainExponential(double2(size)), ONE);
  return odd(x, times(add(e, divide(e, add(e, ONE))), 0.5).h);
}

export function cosh(x: number): number {
  const size = Math.abs(x);
  if (Number.isNaN(x) || size > 40) return halfExp(size);
  const e = plainExponential(double2(size));
  return times(add(e, divide(ONE, e)), 0.5).h;
}

function halfExp(size: number): number {
  if (Number.isNaN(size) || size > 711) return size > 711 ? Infinity : NaN;
  const { value, exponent } = exponential(double2(size));
  return scale(value.h, exponent - 1);
}

export function tanh(x: number): number {
  const size = Math.abs(x);
  if (tiny(x) || Number.isNaN(x)) return x;
  if (size > 40) return odd(x, 1);
  const e = size < 0.25 ? smallExpm1(double2(2 * size)) : subtract(plainExponential(double2(2 * size)), ONE);
  return odd(x, divide(e, add(e, double2(2))).h);
}

export function asinh(x: number): number {
  const size = Math.abs(x);
  if (tiny(x) || !Number.isFinite(x)) return x;
  if (size > 2 ** 60) return odd(x, add(logarithm(double2(size)), LN2).h);
  const square = twoProduct(size, size);
  const rest = divide(square, add(ONE, squareRoot(add(ONE, square))));
  return odd(x, logarithm1p(add(double2(size), rest)).h);
}

export function acosh(x: number): number {
  if (!(x >= 1) || x === Infinity) return x === Infinity ? x : NaN;
  if (x > 2 ** 60) return add(logarithm(double2(x)), LN2).h;
  const over = twoSum(x, -1);
  const root = squareRoot(multiply(over, add(over, double2(2))));
  return logarithm1p(add(over, root)).h;
}

export function atanh(x: number): number {
  const size = Math.abs(x);
  if (tiny(x) || !(size < 1)) return size === 1 ? odd(x, Infinity) : tiny(x) ? x : NaN;
  if (size < 0.15) return oddSeries(double2(x), 1).h;
  return odd(x, times(logarithm(divide(twoSum(1, size), twoSum(1, -size))), 0.5).h);
}

export function cbrt(x: number): number {
  if (x === 0 || !Number.isFinite(x)) return x;
  const exponent = Math.floor(exponentOf(x) / 3);
  const m = scale(Math.abs(x), -3 * exponent);
  let root = 1 + (m - 1) / 7;
  for (let i = 0; i < 6; i++) root -= (root * root * root - m) / (3 * root * root);
  const cube = multiply(twoProduct(root, root), double2(root));
  const rest = subtract(double2(m), cube).h / (3 * root * root);
  return odd(x, scale(root + rest, exponent));
}

export function hypot(...values: readonly number[]): number {
  const sizes = values.map((one) => Math.abs(one));
  if (sizes.includes(Infinity)) return Infinity;
  const most = Math.max(0, ...sizes);
  if (most === 0 || Number.isNaN(most)) return most;
  const exponent = exponentOf(most);
  let sum = double2(0);
  for (const size of sizes) {
    const part = scale(size, -exponent);
    if (part > 2 ** -200) sum = add(sum, twoProduct(part, part));
  }
  return scale(squareRoot(sum).h, exponent);
}
