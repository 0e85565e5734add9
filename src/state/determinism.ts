import { idTime } from '../event/ulid-clock.js';
import { portableMath } from './portable-math.js';
import { type Replacement, type Temporal, temporalReplacement } from './temporal-now.js';

/**
 * Inside a transaction time and randomness derive from the event's id, and mathematics is the same on every engine, so that every
 * replay sees the same. The globals that `globals.ts` says are replaced are swapped for the synchronous duration of the call; code
 * that imported a function by name before cannot be reached.
 */

const RealDate = globalThis.Date;
const RealMath = globalThis.Math;
/** Engines that write the text of a stack by this function (V8: Node, Deno, Chromium; Bun) do so when it is first read. */
const RealError = globalThis.Error as { prepareStackTrace?: unknown };
/** A whole object, because two stores are cheaper than two for each function. */
const TransactionMath = portableMath(RealMath);

let time = 0;
let seed = '';
let draw: (() => number) | undefined;

/** A uniform 32-bit number, drawn from the event's own generator. */
function random32(): number {
  draw ??= sfc32(seed);
  return draw();
}

/**
 * Chris Doty-Humphrey's sfc32 (PractRand), seeded with four 32-bit FNV-1a hashes of a text; 128 bits of state, so that ids
 * drawn by different events do not meet.
 */
export function sfc32(text: string): () => number {
  let [a, b, c, d] = [hash(text, 0x9e3779b9), hash(text, 0x243f6a88), hash(text, 0xb7e15162), hash(text, 1)];
  const next = (): number => {
    const sum = (((a + b) | 0) + d) | 0;
    d = (d + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return sum >>> 0;
  };
  for (let i = 0; i < 12; i++) next();
  return next;
}

function hash(text: string, salt: number): number {
  let value = 0x811c9dc5 ^ salt;
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
  return value;
}

function transactionRandom(): number {
  return (random32() * 0x200000 + (random32() >>> 11)) / 2 ** 53;
}

function transactionUuid(): string {
  const bytes = transactionBytes(new Uint8Array(16));
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

function transactionBytes<T extends ArrayBufferView>(view: T): T {
  const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
  for (let i = 0; i < bytes.length; i++) bytes[i] = random32() & 0xff;
  return view;
}

function transactionNow(): number {
  return time;
}

/** The text of a stack that is read inside a transaction: its frames would name files of one machine. */
function transactionStack(error: unknown): string {
  return `${Error.prototype.toString.call(error)}\n    at a transaction (frames differ between machines: read the stack after the call)`;
}

// The same prototype as the real one, so that `instanceof Date` agrees inside and outside.
function TransactionDate(this: unknown, ...args: unknown[]): unknown {
  const target = new.target as unknown;
  if (target === undefined) return new RealDate(time).toString();
  const given = args.length === 0 ? [time] : args;
  return Reflect.construct(RealDate, given, target === TransactionDate ? RealDate : (target as DateConstructor));
}
Object.defineProperties(TransactionDate, {
  prototype: { value: RealDate.prototype },
  name: { value: 'Date' },
  length: { value: 7 },
  now: { value: transactionNow, writable: true, configurable: true },
  parse: { value: RealDate.parse, writable: true, configurable: true },
  UTC: { value: RealDate.UTC, writable: true, configurable: true },
});

type Crypto = { randomUUID: unknown; getRandomValues: unknown };
const crypto = (globalThis as { crypto?: Crypto }).crypto;
const performance = (globalThis as { performance?: { now: () => number } }).performance;

// As own properties once and for all: assigning them for each call is then only a store.
if (crypto !== undefined && !Object.prototype.hasOwnProperty.call(crypto, 'randomUUID')) {
  for (const name of ['randomUUID', 'getRandomValues'] as const) {
    const native = crypto[name];
    if (typeof native === 'function')
      Object.defineProperty(crypto, name, { value: native, writable: true, configurable: true });
  }
}

/** Not every engine has it, and a polyfill may come later than this module. */
const world = globalThis as { Temporal?: Temporal };
let known: Temporal | undefined;
let replacement: Replacement | undefined;

function replacementOf(temporal: Temporal): Replacement {
  if (replacement === undefined || known !== temporal) {
    replacement = temporalReplacement(temporal, transactionNow);
    known = temporal;
  }
  return replacement;
}

/**
 * Runs `call` with the clock standing at the time of `id` and randomness derived from it. Nests: what was there before is
 * back afterwards, also when `call` throws.
 *
 * @param id ULID whose time and bits everything derives from
 * @param subject given to `call`, as `given` is: a function that needs nothing else is not made anew for each call
 */
export function deterministic<T, Subject = undefined, Given = undefined>(
  id: string,
  call: (subject: Subject, given: Given) => T,
  subject?: Subject,
  given?: Given,
): T {
  const outerTime = time;
  const outerSeed = seed;
  const outerDraw = draw;
  const { Date: outerDate } = globalThis;
  const { Math: outerMath } = globalThis;
  const outerRandom = RealMath.random;
  const outerNow = performance?.now;
  const outerUuid = crypto?.randomUUID;
  const outerValues = crypto?.getRandomValues;
  const { Temporal } = world;
  const outerTemporalNow = Temporal?.Now;
  const outerDateNow = RealDate.now;
  const outerConstructor = RealDate.prototype.constructor;
  const outerStack = RealError.prepareStackTrace;
  time = idTime(id);
  seed = id;
  draw = undefined;
  globalThis.Date = TransactionDate as unknown as DateConstructor;
  // Also for what holds the real one (a class that extends it, a module that took it), as far as that can be: `new` cannot.
  RealDate.now = transactionNow;
  RealDate.prototype.constructor = TransactionDate;
  globalThis.Math = TransactionMath;
  RealMath.random = transactionRandom;
  RealError.prepareStackTrace = transactionStack;
  if (performance !== undefined) performance.now = transactionNow;
  if (crypto !== undefined) {
    crypto.randomUUID = transactionUuid;
    crypto.getRandomValues = transactionBytes;
  }
  if (Temporal !== undefined) {
    const { now, whole } = replacementOf(Temporal);
    if (whole === undefined) Temporal.Now = now;
    else world.Temporal = whole;
  }
  try {
    return call(subject as Subject, given as Given);
  } finally {
    time = outerTime;
    seed = outerSeed;
    draw = outerDraw;
    globalThis.Date = outerDate;
    RealDate.now = outerDateNow;
    RealDate.prototype.constructor = outerConstructor;
    globalThis.Math = outerMath;
    RealMath.random = outerRandom;
    RealError.prepareStackTrace = outerStack;
    if (performance !== undefined && outerNow !== undefined) performance.now = outerNow;
    if (crypto !== undefined) {
      crypto.randomUUID = outerUuid;
      crypto.getRandomValues = outerValues;
    }
    if (Temporal !== undefined && outerTemporalNow !== undefined) {
      if (Temporal.Now === outerTemporalNow) world.Temporal = Temporal;
      else Temporal.Now = outerTemporalNow;
    }
  }
}

/** The id under which a model's genesis runs: time 0, seeded by the model's name. */
export function genesisId(model: string): string {
  const draw32 = sfc32(model);
  let id = '0'.repeat(10);
  for (let i = 0; i < 16; i++) id += '0123456789ABCDEFGHJKMNPQRSTVWXYZ'.charAt(draw32() & 31);
  return id;
}
