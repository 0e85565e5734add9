/**
 * Numbers of about 106 bits, as the unevaluated sum of two doubles (Dekker, 1971; Knuth's two-sum). Only operations whose
 * result IEEE 754 fixes to the last bit: every engine gets the same.
 */
export interface Double2 {
  readonly h: number;
  readonly l: number;
}

export function double2(h: number, l = 0): Double2 {
  return { h, l };
}

/** The exact sum of two doubles. */
export function twoSum(a: number, b: number): Double2 {
  const h = a + b;
  const part = h - a;
  return { h, l: a - (h - part) + (b - part) };
}

/** The same where `a` is not the smaller one. */
function quickSum(a: number, b: number): Double2 {
  const h = a + b;
  return { h, l: b - (h - a) };
}

const SPLIT = 2 ** 27 + 1;

/** The exact product of two doubles that are far from the ends of the range. */
export function twoProduct(a: number, b: number): Double2 {
  const h = a * b;
  const ca = SPLIT * a;
  const cb = SPLIT * b;
  const ah = ca - (ca - a);
  const bh = cb - (cb - b);
  const al = a - ah;
  const bl = b - bh;
  return { h, l: ah * bh - h + ah * bl + al * bh + al * bl };
}

export function add(x: Double2, y: Double2): Double2 {
  const high = twoSum(x.h, y.h);
  const low = twoSum(x.l, y.l);
  const sum = quickSum(high.h, high.l + low.h);
  return quickSum(sum.h, sum.l + low.l);
}

function negate({ h, l }: Double2): Double2 {
  return { h: -h, l: -l };
}

export function subtract(x: Double2, y: Double2): Double2 {
  return add(x, negate(y));
}

export function multiply(x: Double2, y: Double2): Double2 {
  const product = twoProduct(x.h, y.h);
  return quickSum(product.h, product.l + (x.h * y.l + x.l * y.h));
}

export function divide(x: Double2, y: Double2): Double2 {
  const first = x.h / y.h;
  const rest = subtract(x, multiply(y, double2(first)));
  const second = rest.h / y.h;
  const third = subtract(rest, multiply(y, double2(second))).h / y.h;
  return add(quickSum(first, second), double2(third));
}

export function squareRoot(x: Double2): Double2 {
  if (x.h <= 0) return double2(0);
  const root = Math.sqrt(x.h);
  const rest = subtract(x, twoProduct(root, root));
  const next = add(double2(root), double2(rest.h / (2 * root)));
  const left = subtract(x, multiply(next, next));
  return add(next, double2(left.h / (2 * root)));
}

/** Times a power of two, which is exact as long as both parts stay in the range. */
export function times(x: Double2, power: number): Double2 {
  return { h: x.h * power, l: x.l * power };
}

const bits = new DataView(new ArrayBuffer(8));

/** 2 to an integer power from −1022 to 1023. */
export function powerOfTwo(exponent: number): number {
  bits.setUint32(0, (exponent + 1023) << 20);
  bits.setUint32(4, 0);
  return bits.getFloat64(0);
}

/** A double times 2 to any integer power. */
export function scale(x: number, exponent: number): number {
  let value = x;
  let left = Math.max(Math.min(exponent, 2_200), -2_200);
  for (; left > 1_000; left -= 1_000) value *= powerOfTwo(1_000);
  for (; left < -1_000; left += 1_000) value *= powerOfTwo(-1_000);
  return value * powerOfTwo(left);
}

/** The exponent of a finite double other than 0: the double is from 1 up to 2 times 2 to it. */
export function exponentOf(x: number): number {
  bits.setFloat64(0, x);
  const exponent = (bits.getUint32(0) >>> 20) & 0x7ff;
  return exponent === 0 ? exponentOf(x * powerOfTwo(60)) - 60 : exponent - 1023;
}
