// The native one: on guards the setters of Date.prototype are wrapped.
const { setTime } = Date.prototype;

/** What readers see of each stored Date. */
const guardOf = new WeakMap<Date, Date>();

/** Remembers what readers see of a stored Date. */
export function linkGuard(raw: Date, guard: Date): void {
  guardOf.set(raw, guard);
}

/** Sets a stored Date and what readers see of it to a time in ms (NaN for an invalid Date). */
export function setDate(raw: Date, time: number): void {
  setTime.call(raw, time);
  const guard = guardOf.get(raw);
  if (guard !== undefined) setTime.call(guard, time);
}
