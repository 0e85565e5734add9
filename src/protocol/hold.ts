import { type StreamId, streamKey } from '../event/event.js';
import { printable } from '../printable.js';
import type { Seal } from '../store/frontier.js';
import type { VersionVector } from '../timeline/timeline.js';
import { namedIn } from './seal.js';

/**
 * Streams that go no further for now. A stream is held at the first event that cannot be taken, and no other stream with it.
 *
 * Invariant: nothing of a stream that is held is lost; each sync tries again.
 */

/** Why the next event of a stream cannot be accepted yet. Nothing of the stream is lost. */
export type HoldReason =
  | 'gap'
  | 'unreadable'
  | 'damaged'
  | 'backwards'
  | 'vanished'
  | 'fork'
  | 'late'
  | 'newer-format'
  | 'clock-ahead'
  | 'unsealed'
  | 'model'
  | 'unknown-transaction'
  | 'newer-version'
  | 'arguments';

/** A stream that is held, and where. */
export interface Hold {
  readonly master: string;
  readonly epoch: string;
  /** Number of the event that is waited for. */
  readonly seq: number;
  readonly reason: HoldReason;
  /** What happened and what to do. */
  readonly message: string;
}

/**
 * What was deleted under a seal is not on its way: a snapshot stands in for it, which this program cannot use until it is mended.
 *
 * @param unusable what each such snapshot holds that this program does not know, and what to do
 */
export function withUnusable(
  holds: readonly Hold[],
  unusable: readonly string[],
  seal: Seal | undefined,
): readonly Hold[] {
  const [why] = unusable;
  if (why === undefined) return holds;
  return holds.map((hold) => {
    const isSealed = hold.seq <= namedIn(seal, streamKey(hold));
    if (hold.reason !== 'gap' || !isSealed) return hold;
    return { ...hold, message: `${hold.message}. A snapshot could replace what is sealed of them. ${why}` };
  });
}

/** A stream of another master of which the store could not read everything, and why. */
export interface Refused {
  readonly stream: StreamId;
  readonly why: string;
}

/** Others' files that the store could not read hold their stream, with the reason that the system gave. @param reached what is accepted of each */
export function withRefused(
  holds: readonly Hold[],
  refused: readonly Refused[],
  reached: VersionVector,
): readonly Hold[] {
  const keys = new Set(refused.map(({ stream }) => streamKey(stream)));
  const others = holds.filter((hold) => hold.reason !== 'gap' || !keys.has(streamKey(hold)));
  const told = new Set(others.map(streamKey));
  const held = refused.filter(({ stream }) => !told.has(streamKey(stream)));
  return [
    ...others,
    ...held.map(({ stream: { master, epoch }, why }): Hold => ({
      master,
      epoch,
      seq: (reached.get(streamKey({ master, epoch })) ?? 0) + 1,
      reason: 'unreadable',
      message: `${printable(why)}; the others go on. It is tried again at each sync. Check the drive, or have the file copied again from ${master}`,
    })),
  ];
}
