/** Measures contenders in interleaved rounds and prints medians and ratios; the machine may be noisy, so only ratios count. */
import { availableParallelism } from 'node:os';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** One way of doing the work that is compared. */
export interface Contender {
  readonly name: string;
  /** How many operations one `run` does; the others may do more or fewer, times are compared per operation. */
  readonly operations: number;
  readonly run: () => unknown;
  /** Before and after each run, outside the measured time. */
  readonly prepare?: () => unknown;
  readonly restore?: () => unknown;
}

/** Times of one contender, in ns per operation. */
export interface Timing {
  readonly name: string;
  /** One time per round. */
  readonly rounds: readonly number[];
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** What a ratio should be. */
export interface Target {
  readonly what: string;
  readonly value: number;
  readonly unit: string;
  /** Whether more is better. */
  readonly atLeast?: boolean;
  readonly target: number;
  readonly goal?: number;
}

setFlagsFromString('--expose-gc');
/** Collects all garbage now. */
export const collectGarbage = runInNewContext('gc') as () => void;

/** Prints what the figures depend on. */
export function printMachine(quick: boolean): void {
  const size = quick ? 'quick: small sizes, figures are no more than a hint' : 'full';
  console.log(`Node ${process.versions.node}, ${process.arch}, ${availableParallelism()} cores; ${size}`);
}

/**
 * Runs all contenders once for warm-up and then `rounds` times, taking turns, each round starting with the next one. Garbage is
 * collected before each run, so that nobody pays for another's.
 */
export async function measure(rounds: number, contenders: readonly Contender[]): Promise<Timing[]> {
  const times = contenders.map((): number[] => []);
  for (let round = 0; round <= rounds; round++) {
    for (let turn = 0; turn < contenders.length; turn++) {
      const index = (round + turn) % contenders.length;
      const { run, prepare, restore, operations } = contenders[index]!;
      await prepare?.();
      collectGarbage();
      const began = process.hrtime.bigint();
      const running: unknown = run();
      // Awaiting what is no promise would add a turn of the event loop.
      if (running instanceof Promise) await running;
      const took = Number(process.hrtime.bigint() - began);
      await restore?.();
      if (round > 0) times[index]!.push(took / operations);
    }
  }
  return contenders.map(({ name }, index) => ({ name, rounds: times[index]!, ...spread(times[index]!) }));
}

/** How many times as long the one took as the other: the median over the rounds, since what disturbs a round disturbs both. */
export function ratio(one: Timing, other: Timing): number {
  return spread(one.rounds.map((time, round) => time / other.rounds[round]!)).median;
}

/** Median, least and greatest. */
export function spread(values: readonly number[]): { median: number; min: number; max: number } {
  const sorted = [...values].sort((left, right) => left - right);
  return {
    median: (sorted[(sorted.length - 1) >> 1]! + sorted[sorted.length >> 1]!) / 2,
    min: sorted[0]!,
    max: sorted[sorted.length - 1]!,
  };
}

/** Prints the timings with their ratios to the one called `base`. */
export function printTimings(title: string, timings: readonly Timing[], base: Timing): void {
  const rows = timings.map((timing) => [
    timing.name,
    duration(timing.median),
    duration(timing.min),
    duration(timing.max),
    perSecond(1e9 / timing.median),
    `${round(ratio(timing, base))}x`,
  ]);
  printTable(title, ['', 'median', 'min', 'max', 'per second', `to ${base.name}`], rows);
}

/** Prints a table; the first column is left-aligned, the others right. */
export function printTable(title: string, head: readonly string[], rows: readonly (readonly string[])[]): void {
  const all = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...all.map((row) => row[column]!.length)));
  const line = (row: readonly string[]): string =>
    row.map((cell, column) => (column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!))).join('  ');
  console.log(`\n${title}`);
  for (const row of all) console.log(`  ${line(row).trimEnd()}`);
}

/** Prints a figure beside what it should be. It is only told, never enforced: the machine may be busy. */
export function printTarget({ what, value, unit, target, goal, atLeast = false }: Target): void {
  const reached = (bound: number): boolean => (atLeast ? value >= bound : value <= bound);
  const limit = (bound: number): string => `${atLeast ? '>=' : '<='} ${amount(bound, unit)}`;
  const verdict = reached(target) ? 'reached' : 'MISSED';
  const aim = goal === undefined ? '' : `, goal ${limit(goal)} ${reached(goal) ? 'reached' : 'missed'}`;
  console.log(`  ${what}: ${amount(value, unit)}; target ${limit(target)} ${verdict}${aim}`);
}

function amount(value: number, unit: string): string {
  return unit === '/s' ? perSecond(value) : `${round(value)}${unit}`;
}

/** A time given in ns, in the unit that suits it. */
export function duration(ns: number): string {
  if (ns < 1e3) return `${round(ns)} ns`;
  if (ns < 1e6) return `${round(ns / 1e3)} µs`;
  if (ns < 1e9) return `${round(ns / 1e6)} ms`;
  return `${round(ns / 1e9)} s`;
}

/** How often in a second, with thousands separated. */
export function perSecond(count: number): string {
  return `${count < 10 ? round(count) : Math.round(count).toLocaleString('en')}/s`;
}

/** Three significant digits, thousands separated. */
function round(value: number): string {
  return Number(value.toPrecision(3)).toLocaleString('en', { maximumSignificantDigits: 3 });
}
