import { acos, asin, atan, atan2, cos, sin, tan } from './angle.js';
import * as powers from './exponential.js';

type Numeric = (...values: number[]) => number;

const { acosh, asinh, atanh, cbrt, cosh, exp, expm1, log, log1p, log10, log2, sinh, tanh } = powers;

/**
 * The functions of `Math` whose last bits the language leaves to the engine; the others (`sqrt`, `fround`, `floor`, `imul`, …) are
 * exact by definition.
 */
const UNARY: Readonly<Record<string, (x: number) => number>> = {
  ...{ acos, asin, atan, cos, sin, tan },
  ...{ acosh, asinh, atanh, cbrt, cosh, exp, expm1, log, log1p, log10, log2, sinh, tanh },
};
const BINARY: Readonly<Record<string, (x: number, y: number) => number>> = { atan2, pow: powers.pow };

/** The names of the functions that are replaced. */
export const PORTABLE: readonly string[] = [...Object.keys(UNARY), ...Object.keys(BINARY), 'hypot'];

// A number as Math takes it: Number() would take a bigint as well.
function toNumber(value: unknown): number {
  return (value as number) - 0;
}

/** What `Math` is inside a transaction: everything else is the real one's. */
export function portableMath(real: Math): Math {
  const math = Object.create(real) as Math;
  const install = (name: string, value: (...values: unknown[]) => number): void => {
    const { length } = (real as unknown as Record<string, Numeric>)[name] ?? value;
    Object.defineProperties(value, { name: { value: name }, length: { value: length } });
    Object.defineProperty(math, name, { value, writable: true, configurable: true });
  };
  for (const [name, run] of Object.entries(UNARY)) install(name, (x) => run(toNumber(x)));
  for (const [name, run] of Object.entries(BINARY)) install(name, (x, y) => run(toNumber(x), toNumber(y)));
  install('hypot', (...values) => powers.hypot(...values.map(toNumber)));
  return math;
}
