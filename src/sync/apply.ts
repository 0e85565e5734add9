import { type Event, type StreamHeader, streamKey } from '../event/event.js';
import type { Hold } from '../protocol/hold.js';
import type { Decision, Reissue, StateChange } from '../protocol/decide.js';
import { reissue as issueAgain } from '../protocol/reissue.js';
import type { MergeOutcome, Replica } from '../replica/replica.js';
import { BEHIND_BASE } from '../timeline/timeline.js';
import type { Known } from './known.js';
import type { OwnStream } from './own-stream.js';

/** What became of the state. */
export interface Applied extends MergeOutcome {
  /** Events that are new here. */
  readonly received: readonly Event[];
  readonly holds: readonly Hold[];
  /** Own calls that were issued again, because a seal was made without them. */
  readonly reissued: readonly Event[];
}

/**
 * Carries a decision out, in the turn of the event loop in which it was made: nothing here awaits, so that no call can come between an old
 * stream and its successor, or between what was read and the state.
 */
export function apply(known: Known, replica: Replica, own: OwnStream, decision: Decision): Applied {
  const { state, reissue, holds } = decision;
  for (const id of idsIn(state)) replica.clock.observe(id);
  const reissued = reissue === undefined ? [] : succeed(known, replica, own, reissue);
  const { outcome, received } = change(known, replica, decision, reissued);
  known.decided(decision);
  return { ...outcome, received, holds, reissued };
}

/** New ids exceed all that is accepted. */
function idsIn(state: StateChange): string[] {
  if (state.kind === 'none') return [];
  const last = state.events.at(-1)?.id;
  const ids = last === undefined ? [] : [last];
  return state.kind === 'rebuild' ? [state.base.position, ...ids] : ids;
}

function change(
  known: Known,
  replica: Replica,
  { state, cut }: Decision,
  reissued: readonly Event[],
): { readonly outcome: MergeOutcome; readonly received: readonly Event[] } {
  const nothing = { undone: 0, replayed: 0, changes: new Map() };
  if (state.kind === 'none') return { outcome: nothing, received: [] };
  const events = [...state.events, ...reissued];
  if (state.kind === 'revise') {
    const outcome = replica.merge(events, cut);
    if (outcome === BEHIND_BASE) throw new Error('A merge reaches behind the base, and was found not to');
    return { outcome, received: events };
  }
  const undone = replica.timeline.entries.length;
  const received = events.filter((event) => event.seq > (replica.accepted.get(streamKey(event)) ?? 0));
  replica.rebuild(state.base, events, known.seal);
  return { outcome: { ...nothing, undone, replayed: events.length }, received };
}

/** Goes on in the stream that continues the cut ones, in this turn; it is there when what was handed to it is durable. */
function succeed(known: Known, replica: Replica, own: OwnStream, { events, upTo, after }: Reissue): Event[] {
  const { master, session, model } = own.header;
  const epoch = replica.clock.advance();
  const header: StreamHeader = { master, epoch, model, session, reason: 'cut', after, moved: upTo };
  const reissued = issueAgain(events, header, () => replica.clock.advance());
  own
    .succeed(header, reissued)
    .then((left) => left.close())
    .catch((error: unknown) => {
      // A refusal is heard of by whoever waits for the new stream; an old file that stays open harms nobody.
      if (error !== own.failure)
        known.notice(`The file of a stream that is cut could not be closed: ${(error as Error).message}`);
    });
  // At a start nobody can call yet, and what is not durable there ends the start.
  if (known.isBuilt) replica.attach(own);
  return reissued;
}
