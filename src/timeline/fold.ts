import type { Event } from '../event/event.js';
import type { Executor } from '../state/executor.js';
import type { CallFactory } from './call-factory.js';
import type { Entry } from './entry.js';
import type { VersionNames } from './stream-counts.js';
import { BEHIND_BASE, Timeline, type UndoMemory, type VersionVector } from './timeline.js';

/** A state to build on: genesis or a snapshot. */
export interface Base {
  readonly position: string;
  readonly vector: VersionVector;
  /** Id of the last event of each stream in it; what an older program wrote does not tell. */
  readonly names?: VersionNames;
  readonly rejections: readonly Entry[];
  /** What users should read of a state that is built on it. */
  readonly notice?: string;
  /** The state at `position`, which whoever asks goes on to change; asked for once. */
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
 * Builds a timeline from a base and the events after it. All run as they did live, under the membrane; the final ones, and all
 * but the newest, keep nothing that undoes them.
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
  // So many keep nothing that undoes them.
  const withoutUndo = Math.max(0, events.length - undoable, open < 0 ? events.length : open);
  executor.replace(base.root());
  const timeline = new Timeline(executor, calls, undoMemory, base);
  let done = 0;
  timeline.replayFinal(events.slice(0, withoutUndo), () => {
    if (++done % PROGRESS_EVERY === 0) progress?.(done);
  });
  if (timeline.revise(events.slice(withoutUndo)) === BEHIND_BASE) {
    throw new Error(`Events to replay lie before the base ${base.position}`);
  }
  progress?.(events.length);
  return timeline;
}
