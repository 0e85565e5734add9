import type { Heard } from './seen.js';

/**
 * Which JavaScript engines run the masters. What engines may compute differently lets states differ, so that masters on another one are told.
 *
 * Invariant: a master counts with its newest stream alone; an engine that was told of is not told of again.
 */

/** JavaScript engine of each other master, in its newest stream, as far as it tells. */
export function enginesOf(heard: readonly Heard[]): ReadonlyMap<string, string> {
  const newest = new Map<string, Heard>();
  for (const other of heard) {
    const { master, epoch } = other.stream;
    if (!other.own && epoch > (newest.get(master)?.stream.epoch ?? '')) newest.set(master, other);
  }
  const engines = new Map<string, string>();
  for (const [master, { frontier }] of newest) if (frontier?.engine !== undefined) engines.set(master, frontier.engine);
  return engines;
}

/**
 * Says which other masters run another engine than this one.
 *
 * @param told engines that were told of before
 * @returns `undefined` if there is nothing to say
 */
export function engineNotice(
  own: string | undefined,
  engines: ReadonlyMap<string, string>,
  told: ReadonlySet<string>,
): string | undefined {
  if (own === undefined) return undefined;
  const others = [...engines].filter(([, engine]) => engine !== own && !told.has(engine));
  if (others.length === 0) return undefined;
  const list = others.map(([master, engine]) => `${engine} at ${master}`).join(', ');
  return (
    `Masters run different JavaScript engines: ${own} here, ${list}. What a transaction computes with \`**\`, Intl or other functions ` +
    'that depend on locales, or with Unicode tables, may differ between them, and then their states do. Functions of Math do not ' +
    "differ. Run the same engine everywhere, or test the model with `check: 'replay'`."
  );
}
