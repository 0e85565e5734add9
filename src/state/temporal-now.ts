/** What is used of the language's `Temporal`; types of it come with later versions of TypeScript. */
export interface Temporal {
  Now: TemporalNow;
  readonly Instant: { fromEpochMilliseconds(ms: number): Instant };
}

interface Instant {
  toZonedDateTimeISO(zone: unknown): ZonedDateTime;
}

interface ZonedDateTime {
  toPlainDateTime(): unknown;
  toPlainDate(): unknown;
  toPlainTime(): unknown;
}

interface TemporalNow {
  timeZoneId(): string;
}

/** `Temporal.Now` with the time that `now` tells in milliseconds. The time zone stays the machine's, as that of `Date` does. */
function temporalNow(temporal: Temporal, now: () => number): TemporalNow {
  const { Now: native, Instant } = temporal;
  const instant = (): Instant => Instant.fromEpochMilliseconds(now());
  const zoned = (zone: unknown): ZonedDateTime =>
    instant().toZonedDateTimeISO(zone === undefined ? native.timeZoneId() : zone);
  const methods: Record<string, (zone?: unknown) => unknown> = {
    instant,
    zonedDateTimeISO: zoned,
    plainDateTimeISO: (zone) => zoned(zone).toPlainDateTime(),
    plainDateISO: (zone) => zoned(zone).toPlainDate(),
    plainTimeISO: (zone) => zoned(zone).toPlainTime(),
  };
  const replaced = Object.create(native) as TemporalNow;
  for (const [name, value] of Object.entries(methods))
    Object.defineProperty(replaced, name, { value, writable: true, configurable: true });
  return replaced;
}

/** What stands for `Temporal` inside a transaction. */
export interface Replacement {
  readonly now: TemporalNow;
  /** In the place of the whole object, if its `Now` cannot be set: a polyfill may be the namespace of a module. */
  readonly whole: Temporal | undefined;
}

export function temporalReplacement(temporal: Temporal, time: () => number): Replacement {
  const now = temporalNow(temporal, time);
  const isSettable =
    Object.getOwnPropertyDescriptor(temporal, 'Now')?.writable === true && Object.isExtensible(temporal);
  if (isSettable) return { now, whole: undefined };
  const whole = Object.create(temporal, { Now: { value: now } }) as Temporal;
  return { now, whole };
}
