import { numbered } from '../article.js';
import { type Event, streamKey } from '../event/event.js';
import { printable } from '../printable.js';
import { idTime, isFromFuture } from '../event/ulid-clock.js';
import type { Seal } from '../store/frontier.js';
import type { Head } from '../store/store.js';
import type { Obstacle } from '../timeline/call-factory.js';
import type { Hold, HoldReason } from './hold.js';
import type { Incoming } from './incoming.js';
import { counts, isReadable, lackedBy } from './seal.js';
import { inOrder, reached, streamOf } from './vector.js';

/**
 * What of a stream is accepted. Events are taken in the order of their numbers, up to the published head; the first one that cannot be
 * taken holds the stream there, and no other stream. The first event that does not count under the seal in force ends the stream.
 *
 * Invariants: accepted events of a stream have numbers without gaps and rising ids; all of them count; none is skipped.
 */

/** What becomes of the incoming events. */
export interface Acceptance {
  /** Accepted events in ULID order. */
  readonly events: readonly Event[];
  readonly held: readonly Hold[];
  /** By stream that goes no further, because a seal was made without what follows: id of the first event that does not count. */
  readonly dead: ReadonlyMap<string, string>;
}

/** What accepting depends on beside the events. */
export interface AcceptRules {
  /** Wall clock in ms. */
  readonly now: number;
  /** How far (ms) an event may be ahead of it. */
  readonly maxDrift: number;
  /** How many events of each stream the state contains that they are accepted into. */
  readonly accepted: ReadonlyMap<string, number>;
  /** Id up to which nothing can be put in, as what follows it is in a snapshot only; `undefined` if all can. */
  readonly floor?: string | undefined;
  /** The seal in force. */
  readonly seal: Seal | undefined;
  /** What keeps this program from running an event. */
  readonly obstacle: (event: Event) => Obstacle | undefined;
}

/** Decides what of the incoming events is accepted, and which streams are held or end. */
export function acceptStreams(incoming: readonly Incoming[], rules: AcceptRules): Acceptance {
  const events: Event[] = [];
  const held: Hold[] = [];
  const dead = new Map<string, string>();
  for (const stream of incoming) {
    const end = acceptStream(stream, rules, events);
    if (typeof end === 'string') dead.set(streamKey(stream.stream), end);
    else if (end !== undefined) held.push(end);
  }
  held.push(...sealedGaps(rules, events, held));
  return { events: inOrder(events), held, dead };
}

/** Events that the seal in force names and nobody publishes any more: they are in a snapshot, or on their way. */
function sealedGaps({ seal, accepted }: AcceptRules, events: readonly Event[], held: readonly Hold[]): Hold[] {
  const missing = lackedBy(accepted, seal);
  if (missing.length === 0) return [];
  const vector = reached(accepted, events);
  const told = new Set(held.map(streamKey));
  return missing.flatMap(([key, count]): Hold[] => {
    const seq = (vector.get(key) ?? 0) + 1;
    if (seq > count || told.has(key)) return [];
    const { what, are, them } = numbered('event', seq, count);
    const message = `${what} of ${key}, which ${are} sealed, cannot be read; wait for the file, or call compact() on a master that has ${them}, which publishes a snapshot`;
    return [{ ...streamOf(key), seq, reason: 'gap', message }];
  });
}

/** Accepts what can be; gives why the stream is held, or the id of the first event that does not count. */
function acceptStream(incoming: Incoming, rules: AcceptRules, events: Event[]): Hold | string | undefined {
  const { stream, head, after } = incoming;
  const last = Math.min(head.seq, incoming.count ?? Infinity);
  let { accepted, lastId } = incoming;
  const hold = (reason: HoldReason, message: string): Hold => ({
    ...stream,
    seq: accepted + 1,
    reason,
    message: printable(message),
  });
  if (after !== undefined && !isReadable(after, rules.seal))
    return hold(
      'unsealed',
      `${stream.master} issues calls again that a seal up to ${String(after)} cuts; it is not known here yet`,
    );
  for (const line of incoming.lines) {
    if (accepted >= last) break;
    if (line.kind === 'newer')
      return hold('newer-format', `${stream.master} writes journal format ${line.v}; upgrade this program to read it`);
    if (line.kind !== 'event')
      return hold(
        'damaged',
        `event ${accepted + 1} of ${stream.master} fails its checksum; sync the file again from ${stream.master}`,
      );
    const { event } = line;
    if (event.master !== stream.master || event.epoch !== stream.epoch)
      return hold(
        'damaged',
        `the folder ${stream.master}/${stream.epoch} holds events of ${streamKey(event)}; if it is a copy of the folder of ${event.master}, remove ${stream.master}/${stream.epoch} and nothing else of ${stream.master}, else sync its files again`,
      );
    const wrong = misplaced(event, accepted, lastId, head);
    if (wrong !== undefined)
      return hold(
        'damaged',
        `event ${accepted + 1} of ${stream.master} ${wrong}; sync the file again from ${stream.master}`,
      );
    if (incoming.own !== true && isFromFuture(event.id, rules.now, rules.maxDrift)) {
      return hold(
        'clock-ahead',
        `event ${event.id} of ${stream.master} is from the future (${new Date(idTime(event.id)).toISOString()}); check the clocks of both machines`,
      );
    }
    if (after === undefined) return hold('gap', `the first file of ${streamKey(stream)} has not arrived yet`);
    if (!counts(event, rules.seal)) return event.id;
    if (rules.floor !== undefined && event.id <= rules.floor)
      return hold(
        'late',
        `event ${event.id} of ${stream.master} comes before events that are in no file any more, only in a snapshot of this master; it is put in its place when their files are back, or when they are sealed`,
      );
    const obstacle = rules.obstacle(event);
    if (obstacle !== undefined) return hold(obstacle.reason, explain(obstacle, event));
    events.push(event);
    accepted = event.seq;
    lastId = event.id;
  }
  if (accepted >= last) return undefined;
  const { what, have } = numbered('event', accepted + 1, last);
  return hold('gap', `${what} of ${stream.master} ${have} not arrived yet`);
}

function misplaced(event: Event, accepted: number, lastId: string | undefined, head: Head): string | undefined {
  if (event.seq !== accepted + 1) return `has the number ${event.seq}`;
  if (lastId !== undefined && event.id <= lastId) return `has an id that does not rise (${event.id})`;
  if (event.seq === head.seq && event.id !== head.id)
    return `is not the one that was published (${event.id}, not ${head.id})`;
  return undefined;
}

function explain({ reason, why }: Obstacle, event: Event): string {
  const name = `event ${event.id} of ${event.master}`;
  switch (reason) {
    case 'model':
      return `${name} belongs to the model "${event.model}"; every model needs a store of its own`;
    case 'unknown-transaction':
      return `${name} calls "${event.tx}", which is no transaction of this program's model; upgrade this program`;
    case 'newer-version':
      return `${name} calls "${event.tx}" in version ${event.txv}, which this program does not know; upgrade this program`;
    case 'arguments':
      return `${name} calls "${event.tx}" with arguments this program cannot decode. ${why ?? 'Upgrade this program.'}`;
  }
}
