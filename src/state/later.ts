// Taken when this module is loaded: a test may put a clock of its own in the place of the real one.
const { now } = globalThis.Date;

/** A clock that stands still is not waited for: this takes longer than a millisecond. */
const LOOKS = 200_000;

/**
 * Waits until the real clock shows another millisecond, so that what a module took from it before transactions (a constructor
 * `const RealDate = Date`, a class that extends it, `const { now } = Date`) gives another time than it has just given.
 */
export function untilLater(): void {
  const before = now();
  for (let looks = 0; looks < LOOKS && now() === before; looks++);
}
