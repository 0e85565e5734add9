import { streamKey } from '../event/event.js';
import type { Hold, HoldReason } from './hold.js';
import type { Facts } from './facts.js';
import type { Heard } from './seen.js';
import type { ClockPromise } from './stable-cut.js';

/**
 * What the others' clocks promise. A promise counts only when the events up to the head that was published with it are accepted; until then
 * the stream promises no more than before.
 *
 * Invariant: of a stream that is listed, no event comes any more that is not accepted and has an id up to its promise.
 */

/** Holds that only a newer program can end: a sealer waits for them, or it would cut those who have upgraded. */
const TOO_OLD: ReadonlySet<HoldReason> = new Set([
  'newer-format',
  'model',
  'unknown-transaction',
  'newer-version',
  'arguments',
]);

export function promisesOf(facts: Facts, heard: readonly Heard[], holds: readonly Hold[]): ClockPromise[] {
  const { accepted, lastIds } = facts.state;
  const tooOld = new Set(holds.filter(({ reason }) => TOO_OLD.has(reason)).map((hold) => streamKey(hold)));
  const heardOf = new Set(
    heard.filter(({ frontier }) => frontier !== undefined).map(({ stream }) => streamKey(stream)),
  );
  return heard.flatMap(({ stream, frontier }) => {
    const key = streamKey(stream);
    const isOver =
      facts.cut.has(key) || (frontier !== undefined && (accepted.get(key) ?? 0) >= (frontier.head?.seq ?? 0));
    // Its master goes on in another stream, which promises for itself; until that is heard of, this promise holds for both.
    const next = frontier?.next;
    if (isOver && next !== undefined && heardOf.has(streamKey({ master: stream.master, epoch: next }))) return [];
    // All events of a stream follow the moment at which it began.
    let clock = facts.promises.get(key) ?? stream.epoch;
    const known = isOver ? frontier?.clock : lastIds.get(key);
    if (known !== undefined && known > clock) clock = known;
    return [{ key, clock, waited: tooOld.has(key) }];
  });
}
