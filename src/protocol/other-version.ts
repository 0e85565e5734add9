import { lowerBound } from '../timeline/entry.js';
import type { Facts } from './facts.js';
import { lastNamed, namedIn } from './seal.js';
import type { Heard, Lookup } from './seen.js';
import { isInStream, streamOf } from './vector.js';

/**
 * Whether others have another version of the stream that is written: another event under one of its numbers, or more events than there are
 * here, as after the image of a machine was put back. Nothing more is written there then: this master begins another stream at once.
 *
 * Invariants: strangers' words change nothing; no number is given that somebody may have seen already, from when that is heard of.
 */

/** What others have. */
export interface OtherVersion {
  /** Number of an event of the stream that is written. */
  readonly seq: number;
  /** Its id there, as far as that is told; it is another one here, or there is none. */
  readonly id: string | undefined;
  /** Who says so. */
  readonly by: string;
}

/** What others have otherwise of the stream that is written; `undefined` if all that is heard of fits. */
export function otherVersion(facts: Facts, look: Lookup): OtherVersion | undefined {
  // Who can write nothing begins nothing.
  if (facts.own.failure !== undefined) return undefined;
  return claimsOn(facts, look.heard).find((claim) => differs(facts, claim, look));
}

/** What the seal in force names, and what those have accepted from whose events the state is built. */
function claimsOn({ own, seal, state }: Facts, heard: readonly Heard[]): OtherVersion[] {
  const known = new Set([...state.seen.keys()].map((key) => streamOf(key).master));
  const claims = heard.flatMap(({ stream, frontier, own: isOwn }): OtherVersion[] => {
    const seq = frontier?.seen[own.key] ?? 0;
    if (seq === 0 || !(isOwn || known.has(stream.master))) return [];
    return [{ seq, id: frontier?.names?.[own.key], by: stream.master }];
  });
  const seq = namedIn(seal, own.key);
  return seq === 0 ? claims : [{ seq, id: lastNamed(seal, own.key)?.id, by: `seal ${seal?.no ?? 0}` }, ...claims];
}

function differs({ own, state }: Facts, { seq, id }: OtherVersion, look: Lookup): boolean {
  const { durable } = own;
  if (seq > (durable?.seq ?? 0)) return true;
  if (id === undefined) return false;
  if (seq === durable?.seq) return id !== durable.id;
  // As a rule it is in memory: then nothing is read.
  const there = state.entries[lowerBound(state.entries, id)]?.event;
  if (there?.id === id && there.seq === seq && isInStream(there, own.key)) return false;
  const mine = look.fileEvents(own.header, seq - 1, seq)[0]?.id;
  return mine !== undefined && mine !== id;
}

/** What users read about it. */
export function otherVersionNotice({ own, location }: Facts, { seq, id, by }: OtherVersion): string {
  const which = id === undefined ? `event ${seq}` : `event ${seq} (${id})`;
  return (
    `${by} has accepted ${which} of ${own.key}, which this machine did not write: the image of a machine or an older copy of its disk was put back, ` +
    `or another machine writes under the name "${own.header.master}" in ${location}. This master goes on in a new epoch; what it wrote before stays. ` +
    'Give every machine a name of its own'
  );
}
