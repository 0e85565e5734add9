/**
 * Runs code as on a machine elsewhere in the world, so that what depends on the machine's time zone, locale or code shows. Times of the
 * three zones below change on different days, in different directions and by different amounts, and so do all others from one of them.
 */

/** A place in the world. */
export interface Elsewhere {
  readonly zone: string;
  readonly locale: string;
}

const PLACES: readonly Elsewhere[] = [
  { zone: 'Europe/Berlin', locale: 'sv-SE' },
  { zone: 'America/New_York', locale: 'tr-TR' },
  { zone: 'Australia/Lord_Howe', locale: 'ar-EG' },
];

/** Where a call is run again: everywhere but here. */
export function placesElsewhere(): readonly Elsewhere[] {
  const { timeZone, locale } = new Intl.DateTimeFormat().resolvedOptions();
  const language = languageOf(locale);
  return PLACES.filter(({ zone }) => zone !== timeZone).map((place) =>
    languageOf(place.locale) === language ? { ...place, locale: 'lt-LT' } : place,
  );
}

function languageOf(locale: string): string {
  return locale.split('-')[0] ?? locale;
}

/** Runs `run` as if the machine stood there. What holds a formatter that was made before cannot be reached. */
export function elsewhere<T>({ zone, locale }: Elsewhere, run: () => T): T {
  const restore = [...moveTo(zone), ...speak(locale), ...cutStacks()];
  try {
    return run();
  } finally {
    for (const one of restore) one();
  }
}

/** Variables of a process; `TZ` moves it. */
export type Environment = Record<string, string | undefined>;

let environments: () => readonly Environment[] = () => [];

/** From now on these are moved. Called once, by the entry point of the platform. */
export function useEnvironments(own: () => readonly Environment[]): void {
  environments = own;
}

function moveTo(zone: string): (() => void)[] {
  return environments().map((env) => {
    const before = env.TZ;
    env.TZ = zone;
    return () => {
      if (before === undefined) delete env.TZ;
      else env.TZ = before;
    };
  });
}

/** The text of a stack tells of one machine and one engine: here it has no frames, or one where it had none. */
function cutStacks(): (() => void)[] {
  const before = Object.getOwnPropertyDescriptor(Error, 'stackTraceLimit');
  if (before?.configurable !== true || typeof before.value !== 'number') return [];
  Object.defineProperty(Error, 'stackTraceLimit', { ...before, value: before.value === 0 ? 1 : 0 });
  return [() => void Object.defineProperty(Error, 'stackTraceLimit', before)];
}

type AnyFunction = (this: unknown, ...args: unknown[]) => unknown;

const Typed = (Object.getPrototypeOf(Uint8Array) as { prototype: object }).prototype;

/** Methods that take a locale, by the place of that argument. */
const METHODS: readonly (readonly [owner: object, names: readonly string[], at: number])[] = [
  [String.prototype, ['toLocaleUpperCase', 'toLocaleLowerCase'], 0],
  [String.prototype, ['localeCompare'], 1],
  [Date.prototype, ['toLocaleString', 'toLocaleDateString', 'toLocaleTimeString'], 0],
  ...[Number.prototype, BigInt.prototype, Array.prototype, Typed].map(
    (owner) => [owner, ['toLocaleString'], 0] as const,
  ),
];

function speak(locale: string): (() => void)[] {
  const restore: (() => void)[] = [];
  const replace = (owner: object, name: string, make: (native: AnyFunction) => AnyFunction): void => {
    const before = Object.getOwnPropertyDescriptor(owner, name);
    if (typeof before?.value !== 'function') return;
    Object.defineProperty(owner, name, { ...before, value: make(before.value as AnyFunction) });
    restore.push(() => {
      Object.defineProperty(owner, name, before);
    });
  };
  for (const [owner, names, at] of METHODS)
    for (const name of names)
      replace(
        owner,
        name,
        (native) =>
          ({
            [name](...args: unknown[]) {
              return native.apply(this, spoken(args, at));
            },
          })[name] as AnyFunction,
      );
  for (const name of Object.getOwnPropertyNames(Intl))
    if (/^[A-Z]/.test(name) && name !== 'Locale') replace(Intl, name, formatter);
  return restore;

  /** The arguments with the locale that is asked for, or the one spoken there. */
  function spoken(args: readonly unknown[], at: number): unknown[] {
    const given = [...args];
    if (given[at] === undefined) given[at] = locale;
    return given;
  }

  function formatter(native: AnyFunction): AnyFunction {
    const proxy: AnyFunction = new Proxy(native, {
      apply: (target, self, args) => Reflect.apply(target, self, spoken(args, 0)),
      construct: (target, args, newTarget) =>
        Reflect.construct(target, spoken(args, 0), newTarget === proxy ? target : newTarget) as object,
    });
    return proxy;
  }
}
