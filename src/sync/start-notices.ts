import { ulidTime } from '../event/ulid.js';
import type { ResolvedOptions } from './options.js';
import type { Replica } from './replica.js';
import type { Sealing } from './sealing.js';

/** What a start is asked about. */
export interface Start {
  readonly replica: Replica;
  readonly sealing: Sealing;
  readonly options: ResolvedOptions;
  /** Key of the stream that is written. */
  readonly own: string;
  /** How messages name the store. */
  readonly location: string;
  /** What had been accepted before, by stream. */
  readonly seen: Readonly<Record<string, number>>;
}

/** What is noteworthy once the state is recovered, as texts for `status().notices`. */
export function startNotices(start: Start): string[] {
  return [...missing(start), ...notSealing(start), ...clockBehind(start)];
}

// Somebody restored an older copy of others' folders: what was accepted before is not there to be read again.
function missing({ replica, sealing, location, seen }: Start): string[] {
  return Object.entries(seen).flatMap(([key, seq]) => {
    const has = replica.accepted.get(key) ?? 0;
    if (has >= Math.min(seq, sealing.ended.get(key) ?? Infinity)) return [];
    return [
      `The state once contained ${seq} events of ${key}, of which ${location} holds only ${has} now; the others are merged again as soon as they arrive.`,
    ];
  });
}

function notSealing({ sealing: { seal }, options, own }: Start): string[] {
  if (!options.sealer || seal === undefined || seal.by === own) return [];
  return [
    `This master was opened as the sealer, but ${seal.by} makes the seals; it makes none until \`compact({ takeOver: true })\` is called here, which is right only if that one is gone for good.`,
  ];
}

function clockBehind({ replica, options }: Start): string[] {
  const [newest, now] = [ulidTime(replica.timeline.end), options.now()];
  if (newest - now <= options.maxClockDrift) return [];
  return [
    `This machine's clock (${new Date(now).toISOString()}) is behind the newest event (${new Date(newest).toISOString()}) by more than maxClockDrift: calls are refused (CLOCK_BEHIND) until it is right.`,
  ];
}
