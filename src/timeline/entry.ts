import { compareEvents, type Event } from '../event/event.js';
import type { UndoLog } from '../state/undo-log.js';

/** One event in its place, with what takes it back. */
export interface Entry {
  readonly event: Event;
  undo: UndoLog | undefined;
  /** Why it was rejected; `undefined` when it was applied. */
  error: string | undefined;
}

/** About how many bytes of memory an entry takes: what undoes it, and the event with its arguments. */
export function weightOf({ event, undo }: Entry): number {
  return EVENT_BYTES + (undo?.bytes ?? 0) + sizeOf(event.args);
}

/** Memory of an event without its arguments. */
const EVENT_BYTES = 300;

function sizeOf(json: unknown): number {
  if (typeof json === 'string') return json.length;
  if (typeof json !== 'object' || json === null) return 8;
  let bytes = 16;
  // Lists without a copy: this runs for every call.
  if (Array.isArray(json)) for (let i = 0; i < json.length; i++) bytes += sizeOf(json[i]);
  else for (const one of Object.values(json)) bytes += sizeOf(one);
  return bytes;
}

/** Index of the first entry whose id is not less than `id`. */
export function lowerBound(entries: readonly Entry[], id: string): number {
  let low = 0;
  let high = entries.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((entries[middle]?.event.id ?? '') < id) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Two lists in their total order as one. */
export function mergeInOrder(left: readonly Entry[], right: readonly Entry[]): Entry[] {
  const merged: Entry[] = [];
  let i = 0;
  for (const entry of right) {
    for (let other = left[i]; other !== undefined && compareEvents(other.event, entry.event) < 0; other = left[++i])
      merged.push(other);
    merged.push(entry);
  }
  return [...merged, ...left.slice(i)];
}
