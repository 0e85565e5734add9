import { type Event, type EventKey, eventKey, streamKey } from '../event/event.js';
import { modelHash } from '../model/model-hash.js';
import type { Hold } from '../protocol/hold.js';
import type { Facts } from '../protocol/facts.js';
import { divergedFrom } from '../protocol/frontier.js';
import type { Heard } from '../protocol/seen.js';
import type { SyncReport } from '../replica/notifier.js';
import type { Replica } from '../replica/replica.js';
import type { Entry } from '../timeline/entry.js';
import type { Applied } from './apply.js';
import type { Known } from './known.js';

/** How things stood before a sync. */
export interface Before {
  /** Rejections, by id. */
  readonly rejections: ReadonlyMap<EventKey, Entry>;
  readonly holds: readonly Hold[];
  /** How many own events others could read. */
  readonly published: number;
  /** When it began, in ms. */
  readonly time: number;
}

/** What one sync found and did. */
export interface Happened {
  readonly before: Before;
  readonly heard: readonly Heard[];
  readonly applied: Applied;
  /** What is known now. */
  readonly facts: Facts;
}

/** How things stand now. */
export function standing(known: Known, replica: Replica): Before {
  const rejections = new Map(replica.timeline.rejections().map((entry) => [eventKey(entry.event), entry]));
  return { rejections, holds: known.holds, published: known.published, time: known.now };
}

/** Tells listeners what a sync did, when all of it is done, and gives the report. */
export function tell(known: Known, replica: Replica, { before, heard, applied, facts }: Happened): SyncReport {
  const { notifier, timeline } = replica;
  const { received, reissued, holds } = applied;
  const now = timeline.rejections();
  const report: SyncReport = {
    received: received.length - reissued.length,
    replayed: applied.replayed,
    undone: applied.undone,
    rejected: now.filter(({ event }) => !before.rejections.has(eventKey(event))).length,
    held: holds,
    // After a cut the numbers begin anew, in another stream.
    published: known.published - (reissued.length > 0 ? 0 : before.published),
    seal: known.seal,
    ms: known.now - before.time,
  };
  if (received.length > 0 || applied.undone > 0) notifier.changed();
  tellEvents(replica, applied);
  for (const entry of changedOutcomes(before.rejections, now, received)) {
    const described = replica.describe(entry);
    notifier.tell('reordered', described);
    if (described.outcome === 'rejected') notifier.tell('rejected', described);
  }
  const wereHeld = new Set(before.holds.map(holdText));
  for (const hold of holds) if (!wereHeld.has(holdText(hold))) notifier.tell('held', hold);
  tellDiverged(known, replica, facts, heard);
  notifier.tell('synced', report);
  return report;
}

function tellEvents(replica: Replica, { received, reissued, changes }: Applied): void {
  const { notifier, timeline } = replica;
  // There may be very many events, and as a rule nobody to hear of them.
  if (!(['event', 'reissued', 'rejected'] as const).some((name) => notifier.wants(name))) return;
  const again = new Set(reissued.map(({ id }) => id));
  for (const event of received) {
    const entry = timeline.rejection(event) ?? { event, undo: undefined, error: undefined };
    if (notifier.wants('event'))
      notifier.tell('event', { ...replica.describe(entry), changes: changes.get(event.id) ?? [] });
    if (again.has(event.id) && notifier.wants('reissued'))
      notifier.tell('reissued', { from: event.origin ?? event.id, to: event.id, event: replica.describe(entry) });
    if (entry.error !== undefined && notifier.wants('rejected')) notifier.tell('rejected', replica.describe(entry));
  }
}

/** States at the same seal must be equal wherever the same code runs. */
function tellDiverged(known: Known, replica: Replica, facts: Facts, heard: readonly Heard[]): void {
  const no = facts.published.snapshot?.no;
  if (no === undefined) return;
  for (const stream of divergedFrom(facts, modelHash(replica.definition), heard))
    if (known.divergesAt(streamKey(stream), no))
      replica.notifier.tell('diverged', { seal: no, masters: [facts.own.header.master, stream.master] });
}

/** Earlier events that are rejected now and were not, or the other way round. */
function changedOutcomes(
  before: ReadonlyMap<EventKey, Entry>,
  now: readonly Entry[],
  received: readonly Event[],
): Entry[] {
  // As a rule nothing is rejected, and there may be very many events.
  if (before.size === 0 && now.length === 0) return [];
  const fresh = new Set(received.map(eventKey));
  const after = new Set(now.map(({ event }) => eventKey(event)));
  const rejected = now.filter(({ event }) => !before.has(eventKey(event)) && !fresh.has(eventKey(event)));
  const applied = [...before.values()]
    .filter(({ event }) => !after.has(eventKey(event)))
    .map(({ event }) => ({ event, undo: undefined, error: undefined }));
  return [...rejected, ...applied];
}

function holdText(hold: Hold): string {
  return `${streamKey(hold)}:${hold.seq}:${hold.reason}`;
}
