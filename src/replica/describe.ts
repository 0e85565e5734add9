import { idTime } from '../event/ulid-clock.js';
import type { CallFactory } from '../timeline/call-factory.js';
import type { Entry } from '../timeline/entry.js';
import type { EventFacts } from './notifier.js';

/** An event as users see it. */
export function describe(calls: CallFactory, { event, error }: Entry): EventFacts {
  const { id, master, seq, tx } = event;
  return {
    id,
    master,
    seq,
    ...(event.origin === undefined ? {} : { origin: event.origin }),
    time: new Date(idTime(event.origin ?? id)),
    transaction: tx,
    method: calls.method(event),
    args: calls.args(event),
    meta: calls.meta(event),
    outcome: error === undefined ? 'applied' : 'rejected',
    ...(error === undefined ? {} : { error }),
  };
}
