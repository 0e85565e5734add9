import { SeparateHistoriesError } from '../errors.js';
import { type StreamId, streamKey } from '../event/event.js';
import type { Seal } from '../store/frontier.js';

/**
 * Seals: what counts under one, and which of two extends the other. A seal says that up to the ULID `H`, history is exactly the first
 * `V[stream]` events of each stream; each carries the hashes of all before it, so that anybody can tell how two of them stand.
 *
 * Invariants: along one chain numbers rise by one, `H` rises, and entries of `V` neither shrink nor disappear.
 */

/** What counts under a seal: an event after `H`, or one that the seal names. The rest is dead. */
export function counts(
  event: StreamId & { readonly id: string; readonly seq: number },
  seal: Seal | undefined,
): boolean {
  return seal === undefined || event.id > seal.H || event.seq <= namedIn(seal, streamKey(event));
}

/** How many events of a stream, from the first, a seal names. */
export function namedIn(seal: Seal | undefined, key: string): number {
  return seal?.V[key] ?? 0;
}

/** A stream that continues a cut one may be read only where the cut is known: else an event and its re-issue both count. */
export function isReadable(after: string | null, seal: Seal | undefined): boolean {
  return after === null || (seal !== undefined && seal.H >= after);
}

/** How another seal stands to mine. */
export type Relation = 'same' | 'later' | 'earlier' | 'separate';

/** Compares two seals by their chains. */
export function relate(mine: Seal, other: Seal): Relation {
  if (other.no === mine.no) return sealHash(other) === sealHash(mine) ? 'same' : 'separate';
  const [lower, higher] = other.no > mine.no ? [mine, other] : [other, mine];
  if (higher.chain[lower.no - 1] !== sealHash(lower)) return 'separate';
  return higher === other ? 'later' : 'earlier';
}

/** Hash of the seal with a number in the chain of another; `undefined` if that one does not reach as far. */
export function hashAt(seal: Seal | undefined, no: number): string | undefined {
  return seal?.no === no ? sealHash(seal) : seal?.chain[no - 1];
}

/** A seal and the master that repeats it. */
export interface SealOffer {
  readonly seal: Seal;
  readonly master: string;
}

/**
 * The highest of all seals heard of, each of which must extend the ones below it; an error if two of them do not belong to one chain.
 *
 * @param mine the seal adopted so far
 */
export function highestSeal(
  mine: Seal | undefined,
  offers: readonly SealOffer[],
): Seal | SeparateHistoriesError | undefined {
  let best = mine === undefined ? undefined : { seal: mine, master: 'this master' };
  for (const offer of offers) {
    const relation = best === undefined ? 'later' : relate(best.seal, offer.seal);
    if (relation === 'separate' && best !== undefined) return separate(best, offer);
    if (relation === 'later') best = offer;
  }
  return best?.seal;
}

function separate(mine: SealOffer, other: SealOffer): SeparateHistoriesError {
  const name = ({ seal, master }: SealOffer): string => `${master} holds seal ${seal.no} by ${seal.by}`;
  return new SeparateHistoriesError(
    `History was sealed twice, apart: ${name(mine)}, ${name(other)}, and neither extends the other. Nothing was changed or deleted; ` +
      'syncing stops. Decide which side goes on, move the folders of the masters of the other side out of the shared folder, ' +
      'open those masters under new names, and enter what only they have again (`prevalent log` lists it).',
  );
}

/** The seal that follows another. */
export function nextSeal(
  previous: Seal | undefined,
  by: string,
  H: string,
  accepted: ReadonlyMap<string, number>,
): Seal {
  const V: Record<string, number> = { ...previous?.V };
  // Entries never disappear or shrink; a stream of which nothing lies before H has none.
  for (const [key, count] of accepted) if (count > (V[key] ?? 0)) V[key] = count;
  const chain = previous === undefined ? [] : [...previous.chain, sealHash(previous)];
  return { no: chain.length + 1, by, H, V, chain };
}

/** Tells whether a state that contains so much of each stream contains all that a seal names. */
export function holdsAllOf(seal: Seal, accepted: ReadonlyMap<string, number>): boolean {
  return lackedBy(accepted, seal).length === 0;
}

/** Streams of which a seal names more events than a state contains, with how many it names. */
export function lackedBy(accepted: ReadonlyMap<string, number>, seal: Seal | undefined): (readonly [string, number])[] {
  return Object.entries(seal?.V ?? {}).filter(([key, count]) => (accepted.get(key) ?? 0) < count);
}

const hashes = new WeakMap<Seal, string>();

/**
 * Hash of a seal's text, members and streams in a fixed order: two lanes of FNV-1a with 32 bits each. It tells accidents apart, not
 * forgeries. Kept with the seal: it is asked for at each sync, of each frontier.
 */
export function sealHash(seal: Seal): string {
  let hash = hashes.get(seal);
  if (hash === undefined) hashes.set(seal, (hash = hashOf(seal)));
  return hash;
}

function hashOf({ no, by, H, V, chain }: Seal): string {
  const streams = Object.entries(V).sort(([left], [right]) => (left < right ? -1 : 1));
  const text = JSON.stringify([no, by, H, streams, chain.at(-1) ?? '']);
  let [first, second] = [0x811c9dc5, 0x050c5d1f];
  for (let i = 0; i < text.length; i++) {
    first = Math.imul(first ^ text.charCodeAt(i), 0x01000193);
    second = Math.imul(second ^ text.charCodeAt(i), 0x01000193) ^ (second >>> 15);
  }
  return `${(first >>> 0).toString(36)}${(second >>> 0).toString(36).padStart(7, '0')}`;
}
