/**
 * The membrane refuses what it could not undo, and a raw run does not notice such a call. While events run raw, the functions
 * that could make the two differ are watched: if one is used, the raw run is not trusted and the events run under the membrane.
 */

// Taken before it is watched itself.
const { defineProperty } = Object;

type AnyFunction = (this: unknown, ...args: unknown[]) => unknown;

const SHAPERS: readonly (readonly [object, readonly string[]])[] = [
  [Object, ['freeze', 'seal', 'preventExtensions', 'setPrototypeOf', 'defineProperty', 'defineProperties']],
  [Reflect, ['preventExtensions', 'setPrototypeOf', 'defineProperty']],
  // False of a view behind a Proxy.
  [ArrayBuffer, ['isView']],
  // It refuses the proxies that a transaction sees and takes the raw objects.
  [globalThis, ['structuredClone']],
];

const TypedArray = Object.getPrototypeOf(Uint8Array) as { prototype: object };
const BUFFER_OWNERS = [TypedArray.prototype, DataView.prototype];

/** A definition of an ordinary field, as compilers make it of class fields. */
function isPlainField(args: readonly unknown[]): boolean {
  const descriptor = args[2] as PropertyDescriptor | undefined;
  return descriptor?.writable === true && descriptor.enumerable === true && descriptor.configurable === true;
}

/**
 * Runs `run` and tells whether it may stand for the same calls under the membrane.
 *
 * @returns false if a watched function was used, in which case what `run` changed must be thrown away
 */
export function runWatched(run: () => void): boolean {
  let trusted = true;
  const restore: (() => void)[] = [];
  const watch = (owner: object, name: string, descriptor: PropertyDescriptor): void => {
    const before = Object.getOwnPropertyDescriptor(owner, name);
    if (before === undefined) return;
    defineProperty(owner, name, descriptor);
    restore.push(() => defineProperty(owner, name, before));
  };
  for (const [owner, names] of SHAPERS) {
    for (const name of names) {
      const native = (owner as Record<string, AnyFunction | undefined>)[name];
      if (native === undefined) continue;
      const watched: AnyFunction = function (...args) {
        if (name !== 'defineProperty' || !isPlainField(args)) trusted = false;
        return native.apply(this, args);
      };
      watch(owner, name, { value: watched, writable: true, configurable: true });
    }
  }
  for (const owner of BUFFER_OWNERS) {
    const native = Object.getOwnPropertyDescriptor(owner, 'buffer')?.get;
    if (native === undefined) continue;
    const get = function (this: unknown): unknown {
      trusted = false;
      return native.call(this) as unknown;
    };
    watch(owner, 'buffer', { get, configurable: true });
  }
  try {
    run();
  } finally {
    for (const one of restore) one();
  }
  return trusted;
}

/** Tells objects that behave otherwise behind a Proxy even when they are only read, such as `ArrayBuffer.isView` of a view. */
export function differsBehindProxy(target: object): boolean {
  return ArrayBuffer.isView(target) || target instanceof RegExp || target instanceof Error;
}
