import { streamKey } from '../event/envelope.js';
import type { Entry } from '../timeline/entry.js';
import type { Hold } from './merge.js';
import type { Merged } from './merger.js';
import type { SyncReport } from './notices.js';
import type { ResolvedOptions } from './options.js';
import type { Publisher } from './publisher.js';
import type { Replica } from './replica.js';
import { hashAt } from './seal.js';
import type { Sealing } from './sealing.js';
import type { Heard } from './streams.js';
import { changedOutcomes } from './wholeness.js';

/** What one sync found and did. */
export interface Happened {
  readonly merged: Merged;
  /** Rejections before it, by id. */
  readonly before: ReadonlyMap<string, Entry>;
  readonly wasHeld: readonly Hold[];
  readonly heard: readonly Heard[];
}

/** Tells listeners what a sync did, when all of it is done. */
export class Announcer {
  readonly #replica: Replica;
  readonly #sealing: Sealing;
  readonly #publisher: Publisher;
  readonly #options: ResolvedOptions;
  /** Masters whose state differs from this one's, and at which seal. */
  readonly #diverged = new Map<string, number>();

  constructor(replica: Replica, sealing: Sealing, publisher: Publisher, options: ResolvedOptions) {
    this.#replica = replica;
    this.#sealing = sealing;
    this.#publisher = publisher;
    this.#options = options;
  }

  /**
   * Tells it all, and gives the report.
   *
   * @param published how many own events others could read before
   * @param began when the sync began, in ms
   */
  tell(happened: Happened, published: number, began: number): SyncReport {
    const { merged, before, heard } = happened;
    const { notifier, timeline } = this.#replica;
    const now = timeline.rejections();
    const report: SyncReport = {
      received: merged.received.length - merged.reissued.length,
      replayed: merged.replayed,
      undone: merged.undone,
      rejected: now.filter(({ event }) => !before.has(event.id)).length,
      held: merged.held,
      // After a cut the numbers begin anew, in another stream.
      published: this.#publisher.published - (merged.reissued.length > 0 ? 0 : published),
      seal: this.#sealing.seal,
      ms: this.#options.now() - began,
    };
    if (merged.received.length > 0 || merged.undone > 0) notifier.changed();
    this.#tellEvents(merged);
    for (const entry of changedOutcomes(before, now, merged.received)) {
      const described = this.#replica.describe(entry);
      notifier.tell('reordered', described);
      if (described.outcome === 'rejected') notifier.tell('rejected', described);
    }
    const wasHeld = new Set(happened.wasHeld.map(holdText));
    for (const hold of merged.held) if (!wasHeld.has(holdText(hold))) notifier.tell('held', hold);
    this.#compareFingerprints(heard);
    notifier.tell('synced', report);
    return report;
  }

  #tellEvents({ received, reissued, changes }: Merged): void {
    const { notifier, timeline } = this.#replica;
    const again = new Set(reissued.map(({ id }) => id));
    for (const event of received) {
      const entry = timeline.rejection(event.id) ?? { event, undo: undefined, error: undefined };
      if (notifier.wants('event'))
        notifier.tell('event', { ...this.#replica.describe(entry), changes: changes.get(event.id) ?? [] });
      if (again.has(event.id) && notifier.wants('reissued'))
        notifier.tell('reissued', {
          from: event.origin ?? event.id,
          to: event.id,
          event: this.#replica.describe(entry),
        });
      if (entry.error !== undefined && notifier.wants('rejected'))
        notifier.tell('rejected', this.#replica.describe(entry));
    }
  }

  /** States at the same seal must be equal wherever the same code runs. */
  #compareFingerprints(heard: readonly Heard[]): void {
    const mine = this.#publisher.snapshot;
    if (mine === undefined) return;
    const hash = hashAt(this.#sealing.seal, mine.no);
    for (const { stream, frontier } of heard) {
      if (frontier?.fingerprint?.no !== mine.no || frontier.modelHash !== this.#publisher.modelHash) continue;
      // Of two seals that were made apart both may have this number.
      if (hashAt(frontier.seal, mine.no) !== hash) continue;
      const key = streamKey(stream);
      if (frontier.fingerprint.hash === mine.fingerprint || this.#diverged.get(key) === mine.no) continue;
      this.#diverged.set(key, mine.no);
      this.#replica.notifier.tell('diverged', { seal: mine.no, masters: [this.#options.name, stream.master] });
    }
  }
}

function holdText(hold: Hold): string {
  return `${streamKey(hold)}:${hold.seq}:${hold.reason}`;
}
