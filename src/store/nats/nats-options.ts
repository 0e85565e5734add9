import type { NatsConnection } from '@nats-io/transport-node';
import { InvalidOptionError } from '../../errors.js';

/** Where a `NatsStore` keeps its journals, and how it reaches them. Give `connection` or `servers`. */
export interface NatsStoreOptions {
  /** A connection that you made, with its TLS and credentials; shared with whoever else uses it. It is yours to close. */
  readonly connection?: NatsConnection;
  /** Addresses of the servers of one cluster, as `nats://user:password@host:4222` or `tls://host`; the store connects while it is used. */
  readonly servers?: string | readonly string[];
  /** Name of the JetStream stream of the events, and of the buckets for records and snapshots. Default: `prevalent`. */
  readonly stream?: string;
  /** Keeps the masters of many models apart in one stream: one model for each space. Letters, digits, `-` and `_`. Default: `default`. */
  readonly space?: string;
  /** How many servers keep what the first start makes; 3 in a cluster. What is there already stays as it is. Default: 1. */
  readonly replicas?: number;
  /** How long (ms) the owner of a name may be silent before another process may take it over. Default: 15,000. */
  readonly silence?: number;
  /** How long (ms) the servers may take to answer. Default: 5,000. */
  readonly timeLimit?: number;
}

/** The options, checked. */
export interface NatsSettings {
  readonly connection: NatsConnection | undefined;
  readonly servers: readonly URL[];
  readonly stream: string;
  readonly space: string;
  readonly replicas: number;
  readonly silence: number;
  readonly timeLimit: number;
  /** How messages name the store. */
  readonly location: string;
  /** Equal for stores of the same journals. */
  readonly place: string;
}

/** What may be a part of a subject, and of a name that a server keeps as a directory. */
const TOKEN = /^[A-Za-z0-9_-]{1,64}$/;

/** @throws InvalidOptionError (`INVALID_OPTION`) */
export function settingsOf(options: NatsStoreOptions): NatsSettings {
  const { connection, servers, stream = 'prevalent', space = 'default' } = options;
  if ((connection === undefined) === (servers === undefined))
    throw new InvalidOptionError('NatsStore: give either connection or servers');
  if (connection !== undefined && typeof (connection as Partial<NatsConnection>).request !== 'function')
    throw new InvalidOptionError('NatsStore: connection: give what connect() of @nats-io/transport-node gave');
  const addresses = [servers ?? []].flat().map(addressOf);
  if (connection === undefined && addresses.length === 0)
    throw new InvalidOptionError('NatsStore: servers: give at least one address');
  const shown = connection === undefined ? addresses.map(({ host }) => host).join(', ') : connection.getServer();
  return {
    connection,
    servers: addresses,
    stream: token('stream', stream),
    space: token('space', space),
    replicas: whole('replicas', options.replicas ?? 1),
    silence: whole('silence', options.silence ?? 15_000),
    timeLimit: whole('timeLimit', options.timeLimit ?? 5_000),
    location: `NATS ${shown} (stream ${stream}, space ${space})`,
    place: JSON.stringify([connection === undefined ? [...shown.split(', ')].sort() : shown, stream, space]),
  };
}

/** An address is a URL; without a scheme it is one of `nats:`. */
function addressOf(server: unknown): URL {
  const text = typeof server === 'string' ? server : '';
  const full = text.includes('://') ? text : `nats://${text}`;
  const url = URL.canParse(full) ? new URL(full) : undefined;
  if (url === undefined || url.hostname === '' || !['nats:', 'tls:'].includes(url.protocol))
    // Never the text itself: it may hold a password.
    throw new InvalidOptionError('NatsStore: servers: give addresses such as nats://host:4222 or tls://host:4222');
  return url;
}

function token(name: string, value: string): string {
  if (TOKEN.test(value)) return value;
  throw new InvalidOptionError(
    `NatsStore: ${name}: ${JSON.stringify(value)} cannot be part of a subject; use 1 to 64 letters, digits, - and _`,
  );
}

function whole(name: string, value: number): number {
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new InvalidOptionError(`NatsStore: ${name}: ${String(value)} is no positive whole number`);
}
