/** How much memory history takes while it can be undone, as long as a master has it. */
import { filledBoard, scatteredIds } from './board.js';
import { collectGarbage, printTarget } from './harness.js';
import type { Timeline } from '../src/timeline/timeline.js';
import { Workshop } from './workshop.js';

/** Events in a timeline, each with what undoes it: two writes. Texts of arguments are the model's own. */
export function memoryOfEvents(quick: boolean): Promise<void> {
  const count = quick ? 20_000 : 200_000;
  const root = filledBoard(1_000);
  const workshop = new Workshop(root);
  const ids = scatteredIds(count, 1_000);
  // So that all objects have been met, and all code has run.
  let timeline = timelineOf(workshop, ids.slice(0, 2_000));
  const empty = used();
  timeline = timelineOf(workshop, ids);
  const bytes = (used() - empty) / timeline.entries.length;
  printTarget({ what: 'memory of an event in a timeline', value: bytes, unit: ' bytes', target: 200 });
  return Promise.resolve();
}

function timelineOf(workshop: Workshop, ids: readonly string[]): Timeline {
  return workshop.fold(filledBoard(1_000), workshop.events('toggle', ids), Infinity);
}

function used(): number {
  for (let i = 0; i < 3; i++) collectGarbage();
  return process.memoryUsage().heapUsed;
}
