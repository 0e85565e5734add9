import { type Event, type ParsedLine, type StreamId, streamKey } from '../event/envelope.js';
import { idTime } from '../event/ulid-clock.js';
import type { Seal } from '../store/frontier.js';
import type { Head } from '../store/store.js';
import { counts, isReadable } from './seal.js';

/**
 * The merge as a pure decision: from what was read to what to do about it. The engine carries the plan out; nothing here
 * touches a disk or a model.
 */

/** What was read of one stream. */
export interface Incoming {
  readonly stream: StreamId;
  /** Events accepted so far. */
  readonly accepted: number;
  /** Id of the last accepted event, if known. */
  readonly lastId: string | undefined;
  /** The last event its master published. */
  readonly head: Head;
  /** What its header says of the seal it needs; `undefined` while the header has not arrived. */
  readonly after: string | null | undefined;
  /** The last accepted event as it stands in the journal now; `undefined` if it was not read. */
  readonly last?: Event;
  /** Lines from `accepted + 1` on, as far as they have arrived. */
  readonly lines: readonly ParsedLine[];
  /** How many of its events count, if a seal is known to have cut it. */
  readonly count?: number | undefined;
  /** This master's own stream: what it wrote itself is never from the future. */
  readonly own?: boolean;
}

/** Why a stream goes no further for now. Nothing of it is lost. */
export type HoldReason =
  | 'gap'
  | 'damaged'
  | 'backwards'
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
  /** The event that is waited for. */
  readonly seq: number;
  readonly reason: HoldReason;
  /** What happened and what to do. */
  readonly message: string;
}

/** What the timeline has to do with the accepted events. */
export type Instruction =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'advance' }
  | { readonly kind: 'rewind'; readonly to: string }
  | { readonly kind: 'rebuild'; readonly from: string };

/** The decision. */
export interface Plan {
  /** Accepted events in ULID order. */
  readonly accept: readonly Event[];
  readonly held: readonly Hold[];
  /** Streams that end here, because a seal was made without what follows: how many of their events count. */
  readonly cut: ReadonlyMap<string, number>;
  readonly instruction: Instruction;
}

/** What the merge needs to know about this master. */
export interface MergeContext {
  /** Greatest id in the timeline. */
  readonly end: string;
  /** Id up to which nothing can be undone. */
  readonly base: string;
  /** Wall clock in ms. */
  readonly now: number;
  /** How far (ms) an event may be ahead of it. */
  readonly maxDrift: number;
  /** How many events of each stream the state contains that the plan is for. */
  readonly accepted: ReadonlyMap<string, number>;
  /** The seal in force. */
  readonly seal: Seal | undefined;
  /** What keeps this program from running an event. */
  readonly obstacle: (event: Event) => 'model' | 'unknown-transaction' | 'newer-version' | 'arguments' | undefined;
}

/** Decides what of the incoming events is accepted, what is held, and what that means for the timeline. */
export function planMerge(incoming: readonly Incoming[], context: MergeContext): Plan {
  const accept: Event[] = [];
  const held: Hold[] = [];
  const cut = new Map<string, number>();
  for (const stream of incoming) {
    const end = acceptStream(stream, context, accept);
    if (typeof end === 'number') cut.set(streamKey(stream.stream), end);
    else if (end !== undefined) held.push(end);
  }
  held.push(...sealedGaps(context, accept, held));
  accept.sort((left, right) => (left.id < right.id ? -1 : left.id > right.id ? 1 : 0));
  return { accept, held, cut, instruction: instruct(accept[0]?.id, context) };
}

/** Events that the seal in force names and nobody publishes any more: they are in a snapshot, or on their way. */
function sealedGaps({ seal, accepted }: MergeContext, accept: readonly Event[], held: readonly Hold[]): Hold[] {
  const missing = Object.entries(seal?.V ?? {}).filter(([key, count]) => (accepted.get(key) ?? 0) < count);
  if (missing.length === 0) return [];
  const reached = new Map(accepted);
  for (const event of accept) reached.set(streamKey(event), event.seq);
  const told = new Set(held.map(streamKey));
  return missing.flatMap(([key, count]): Hold[] => {
    const seq = (reached.get(key) ?? 0) + 1;
    if (seq > count || told.has(key)) return [];
    const [master = '', epoch = ''] = key.split('@');
    const message = `events ${seq} to ${count} of ${key}, which are sealed, cannot be read; they come with the file, or with a snapshot of a master that has them (compact() there)`;
    return [{ master, epoch, seq, reason: 'gap', message }];
  });
}

function instruct(first: string | undefined, context: MergeContext): Instruction {
  if (first === undefined) return { kind: 'nothing' };
  if (first > context.end) return { kind: 'advance' };
  return first > context.base ? { kind: 'rewind', to: first } : { kind: 'rebuild', from: first };
}

/** Accepts what can be; gives why the stream is held, or how many of its events count if it is cut. */
function acceptStream(incoming: Incoming, context: MergeContext, accept: Event[]): Hold | number | undefined {
  const { stream, head, after } = incoming;
  const last = Math.min(head.seq, incoming.count ?? Infinity);
  let { accepted, lastId } = incoming;
  const hold = (reason: HoldReason, message: string): Hold => ({ ...stream, seq: accepted + 1, reason, message });
  if (after !== undefined && !isReadable(after, context.seal))
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
    if (incoming.own !== true && idTime(event.id) > context.now + context.maxDrift) {
      return hold(
        'clock-ahead',
        `event ${event.id} of ${stream.master} is from the future (${new Date(idTime(event.id)).toISOString()}); check the clocks of both machines`,
      );
    }
    if (after === undefined) return hold('gap', `the first file of ${streamKey(stream)} has not arrived yet`);
    if (!counts(event, context.seal)) return accepted;
    const obstacle = context.obstacle(event);
    if (obstacle !== undefined) return hold(obstacle, explain(obstacle, event));
    accept.push(event);
    accepted = event.seq;
    lastId = event.id;
  }
  return accepted < last
    ? hold('gap', `events ${accepted + 1} to ${last} of ${stream.master} have not arrived yet`)
    : undefined;
}

function misplaced(event: Event, accepted: number, lastId: string | undefined, head: Head): string | undefined {
  if (event.seq !== accepted + 1) return `has the number ${event.seq}`;
  if (lastId !== undefined && event.id <= lastId) return `has an id that does not rise (${event.id})`;
  if (event.seq === head.seq && event.id !== head.id)
    return `is not the one that was published (${event.id}, not ${head.id})`;
  return undefined;
}

function explain(obstacle: 'model' | 'unknown-transaction' | 'newer-version' | 'arguments', event: Event): string {
  const name = `event ${event.id} of ${event.master}`;
  switch (obstacle) {
    case 'model':
      return `${name} belongs to the model "${event.model}"; every model needs a store of its own`;
    case 'unknown-transaction':
      return `${name} calls "${event.tx}", which is no transaction of this program's model; upgrade this program`;
    case 'newer-version':
      return `${name} calls "${event.tx}" in version ${event.txv}, which this program does not know; upgrade this program`;
    case 'arguments':
      return `${name} calls "${event.tx}" with arguments this program cannot decode; upgrade this program, or, if a class was renamed or minified, name it as it was: @Prevalent(…, { classes: { Customer: TheClass } })`;
  }
}
