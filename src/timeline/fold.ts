import type { Event } from '../event/envelope.js';
import { audit } from '../state/audit.js';
import { type Executor, failStop, isFailStop } from '../state/executor.js';
import { runWatched } from '../state/raw-watch.js';
import type { CallFactory } from './call-factory.js';
import type { Entry } from './entry.js';
import { StreamCounts } from './stream-counts.js';
import { BEHIND_BASE, Timeline, type UndoMemory, type VersionVector } from './timeline.js';

/** A state to build on: genesis or a snapshot. */
export interface Base {
  readonly position: string;
  readonly vector: VersionVector;
  readonly rejections: readonly Entry[];
  /** Set if `root` can be called only once: the state is too large to be kept for another copy. */
  readonly once?: boolean;
  /** A new copy of the state at `position`. */
  root(): object;
}

/** How many of the newest events keep undo data after a start; later ones than that rarely arrive. */
export const UNDOABLE_TAIL = 10_000;

const PROGRESS_EVERY = 10_000;

/** Told now and then how many events were replayed. */
export type Progress = (done: number) => void;

/** How to build a timeline. */
export interface FoldOptions {
  readonly undoMemory: UndoMemory;
  readonly progress?: Progress;
  /** How many of the newest events keep undo data. Default: 10,000. */
  readonly undoable?: number;
  /** Events up to and including this id are final: nothing will come before them any more, so they keep no undo data. */
  readonly final?: string;
}

/**
 * Builds a timeline from a base and the events after it. The final ones, and all but the newest, run on the raw model, without recording; if one
 * of those refuses, the base is taken anew and every event runs under the membrane, so that the outcome is the same.
 *
 * @param events in ULID order, all after `base.position`
 */
export function fold(
  executor: Executor,
  calls: CallFactory,
  base: Base,
  events: readonly Event[],
  options: FoldOptions,
): Timeline {
  const { undoMemory, progress, undoable = UNDOABLE_TAIL, final = base.position } = options;
  const open = events.findIndex(({ id }) => id > final);
  // A raw run that is refused needs another copy.
  const bulk = base.once === true ? 0 : Math.max(events.length - undoable, open < 0 ? events.length : open);
  const fast = bulk === 0 ? undefined : runRaw(executor, calls, base, events.slice(0, bulk), progress);
  executor.replace(fast?.root ?? base.root());
  const timeline = new Timeline(executor, calls, undoMemory, fast ?? base);
  if (timeline.revise(fast === undefined ? events : events.slice(bulk)) === BEHIND_BASE) {
    throw new Error(`Events to replay lie before the base ${base.position}`);
  }
  timeline.advanceBase(final);
  progress?.(events.length);
  return timeline;
}

interface RawRun {
  readonly root: object;
  readonly position: string;
  readonly vector: VersionVector;
  readonly rejections: readonly Entry[];
}

function runRaw(
  executor: Executor,
  calls: CallFactory,
  base: Base,
  events: readonly Event[],
  progress?: Progress,
): RawRun | undefined {
  const root = base.root();
  let done = 0;
  try {
    if (!audit(root, executor.membrane.classes)) return undefined;
    const trusted = runWatched(() => {
      executor.lend(root, () => {
        for (const event of events) {
          executor.applyRaw(calls.make(event), root);
          if (++done % PROGRESS_EVERY === 0) progress?.(done);
        }
      });
    });
    if (!trusted || !audit(root, executor.membrane.classes)) return undefined;
  } catch (error) {
    if (isFailStop(error)) throw failStop(events[done]?.id ?? base.position, error);
    // Not lost: the caller runs the same events under the membrane, where each gets its own outcome.
    return undefined;
  }
  const counts = new StreamCounts(base.vector);
  for (const event of events) counts.note(event);
  const position = events[events.length - 1]?.id ?? base.position;
  return { root, position, vector: counts.vector, rejections: base.rejections };
}
