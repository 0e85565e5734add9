import { NonDeterministicTransactionError } from '../errors.js';

/**
 * What a transaction meets of the world around it. `replaced`: always, by what derives from the event. `found`: with
 * `check: 'replay'` its use refuses the call. `in code`: the same, found in the model's code, since the platform uses it as well.
 * Decision 0030 says why.
 */
export interface OutsideGlobal {
  /** As it is written in code. */
  readonly name: string;
  readonly fate: 'replaced' | 'found' | 'in code';
  /** What to do instead; empty for what is replaced. */
  readonly remedy: string;
  /** How it is used: called or constructed, read, or called without a date. */
  readonly use: 'call' | 'read' | 'undated';
}

const CLOCK = 'Take the time from Date.now() or new Date(), which have the time of the event.';
const MEASURE = 'Measure before the call, and give what was measured as an argument.';
const LATER = 'Start it after the call, where the transaction was called.';
const AWAITED =
  'What it starts would run after the call and write past it: wait first, and call the transaction with the result.';
const HELD =
  'Whether it is still there depends on the collection of garbage: hold the object itself, in the model or in the call.';
const FIRST = 'Wait for the answer first, then call the transaction with it.';
const STATE = 'Read it before the call and give it as an argument; keep what is to last in the model.';
const DATED = 'Give it a date: format(new Date()).';

export const GLOBALS: readonly OutsideGlobal[] = [
  ...rows('replaced', 'call', '', 'Date', 'Date.now', 'performance.now', 'Temporal.Now'),
  ...rows('replaced', 'call', '', 'Math', 'Math.random', 'crypto.randomUUID', 'crypto.getRandomValues'),
  ...rows('found', 'call', CLOCK, 'process.hrtime', 'process.hrtime.bigint', 'process.uptime'),
  ...rows('found', 'read', CLOCK, 'performance.timeOrigin'),
  ...rows('found', 'call', MEASURE, 'performance.mark', 'performance.measure', 'performance.toJSON'),
  ...rows('found', 'call', MEASURE, 'performance.getEntries', 'performance.getEntriesByName'),
  ...rows('found', 'call', MEASURE, 'performance.getEntriesByType', 'performance.eventLoopUtilization'),
  ...rows('found', 'read', MEASURE, 'performance.nodeTiming', 'performance.memory'),
  ...rows('found', 'call', MEASURE, 'process.cpuUsage', 'process.memoryUsage', 'process.memoryUsage.rss'),
  ...rows('found', 'call', MEASURE, 'process.resourceUsage', 'process.availableMemory', 'process.constrainedMemory'),
  ...rows('found', 'call', MEASURE, 'process.getActiveResourcesInfo'),
  ...rows('found', 'undated', DATED, 'Intl.DateTimeFormat.prototype.format'),
  ...rows('found', 'undated', DATED, 'Intl.DateTimeFormat.prototype.formatToParts'),
  ...rows('found', 'call', LATER, 'setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask'),
  ...rows('found', 'call', LATER, 'requestAnimationFrame', 'requestIdleCallback', 'Worker', 'BroadcastChannel'),
  ...rows('found', 'call', LATER, 'AbortSignal.timeout', 'MessageChannel', 'FinalizationRegistry.prototype.register'),
  ...rows('found', 'call', AWAITED, 'Promise.prototype.then', 'Promise.prototype.catch', 'Promise.prototype.finally'),
  ...rows('found', 'call', HELD, 'WeakRef.prototype.deref'),
  ...rows('in code', 'call', LATER, 'process.nextTick'),
  ...rows('found', 'call', FIRST, 'fetch', 'XMLHttpRequest', 'WebSocket', 'EventSource'),
  ...rows('found', 'read', FIRST, 'crypto.subtle', 'indexedDB', 'caches'),
  ...rows('found', 'read', STATE, 'localStorage', 'sessionStorage', 'process.pid', 'process.ppid'),
];

function rows(
  fate: OutsideGlobal['fate'],
  use: OutsideGlobal['use'],
  remedy: string,
  ...names: string[]
): OutsideGlobal[] {
  return names.map((name) => ({ name, fate, use, remedy }));
}

/** Why a call that used it was refused. */
export function refusalOf(where: string, { name, remedy }: OutsideGlobal): NonDeterministicTransactionError {
  return new NonDeterministicTransactionError(
    `${where} uses ${name}, which every replay would use again, at another time and on another machine. ` +
      `Nothing was changed or logged. ${remedy}`,
  );
}

/** What `noting` gives. */
export interface Noted<T> {
  readonly result: T;
  /** The error of the first use of a global that the table says is found; the code that ran may have caught it. */
  readonly found: NonDeterministicTransactionError | undefined;
}

/** Runs `run`; whatever in it uses a global that is found gets an error instead. @param where what runs, for that error */
export function noting<T>(where: string, run: () => T): Noted<T> {
  let found: NonDeterministicTransactionError | undefined;
  const restore: (() => void)[] = [];
  for (const row of GLOBALS) {
    if (row.fate !== 'found') continue;
    const refuse = (): never => {
      const error = refusalOf(where, row);
      found ??= error;
      throw error;
    };
    const undo = watch(row, refuse);
    if (undo !== undefined) restore.push(undo);
  }
  try {
    const result = run();
    return { result, found };
  } finally {
    for (const undo of restore.reverse()) undo();
  }
}

type AnyFunction = (this: unknown, ...args: unknown[]) => unknown;

/** Puts `refuse` in the place of a global. @returns puts it back; `undefined` if this engine has none, or keeps it as it is */
function watch({ name, use }: OutsideGlobal, refuse: () => never): (() => void) | undefined {
  const path = name.split('.');
  const key = path.pop() as string;
  const owner = path.reduce<unknown>(
    (object, part) => (object as Record<string, unknown> | undefined)?.[part],
    globalThis,
  );
  if (owner === undefined) return undefined;
  const target = owner as object;
  const before = Object.getOwnPropertyDescriptor(target, key);
  if (before?.configurable === false || !(key in target)) return undefined;
  Object.defineProperty(target, key, { configurable: true, enumerable: before?.enumerable ?? false, ...substitute() });
  return () => {
    if (before === undefined) Reflect.deleteProperty(target, key);
    else Object.defineProperty(target, key, before);
  };

  function substitute(): PropertyDescriptor {
    if (use === 'read') return { get: refuse };
    if (use === 'call') return { value: refusing(Reflect.get(target, key) as AnyFunction), writable: true };
    if (before?.get === undefined) return { value: dated(before?.value as AnyFunction), writable: true };
    const { get } = before;
    return {
      get(this: unknown) {
        return dated(get.call(this) as AnyFunction);
      },
    };
  }

  /** Everything about it is as before, but that it does nothing. */
  function refusing(native: AnyFunction): AnyFunction {
    return new Proxy(native, { apply: refuse, construct: refuse });
  }

  /** Without a date it is the date of now that is formatted. */
  function dated(native: AnyFunction): AnyFunction {
    return new Proxy(native, {
      apply: (fn, self, args: unknown[]) => (args[0] === undefined ? refuse() : Reflect.apply(fn, self, args)),
    });
  }
}
