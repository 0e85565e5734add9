import { JetStreamApiCodes, JetStreamApiError, type JetStreamManager, type StreamConfig } from '@nats-io/jetstream';
import { InvalidOptionError } from '../../errors.js';
import type { NatsSettings } from './nats-options.js';

/*
 * The JetStream streams of a store: one for events, which has a subject for each stream of a master; and those of two buckets, for what is
 * replaced (a record for each master) and for snapshots.
 */

export const recordsOf = (stream: string): string => `KV_${stream}`;
export const objectsOf = (stream: string): string => `OBJ_${stream}`;

/** What the subjects of a space begin with. */
export const subjectOf = ({ stream, space }: NatsSettings, ...tokens: string[]): string =>
  [stream, space, ...tokens].join('.');

/**
 * Sees to it that the stream of the events is there, and that no stream loses anything by itself.
 *
 * @throws InvalidOptionError (`INVALID_OPTION`) if one would delete messages when they are old, or when there are many
 */
export async function readyStreams(jsm: JetStreamManager, settings: NatsSettings): Promise<void> {
  const { stream, replicas } = settings;
  const events = await configOf(jsm, stream);
  if (events === undefined)
    await jsm.streams.add({
      name: stream,
      // Three tokens behind the first: signals have two or four, and are not stored.
      subjects: [`${stream}.*.*.*`],
      num_replicas: replicas,
      discard: 'new',
      description: 'Journals of prevalent: a subject for each stream of a master',
    });
  else refuseLoss(events, settings, -1);
  for (const [name, perSubject] of [
    [recordsOf(stream), 1],
    [objectsOf(stream), -1],
  ] as const) {
    const config = await configOf(jsm, name);
    if (config !== undefined) refuseLoss(config, settings, perSubject);
  }
}

async function configOf(jsm: JetStreamManager, name: string): Promise<StreamConfig | undefined> {
  try {
    return (await jsm.streams.info(name)).config;
  } catch (error) {
    if (error instanceof JetStreamApiError && error.code === JetStreamApiCodes.StreamNotFound) return undefined;
    throw error;
  }
}

function refuseLoss(config: StreamConfig, { location, stream }: NatsSettings, perSubject: number): void {
  const wrong = [
    config.retention === 'limits' ? undefined : `retention is ${config.retention}; it must be limits`,
    config.max_age === 0 ? undefined : 'max_age is set; messages must not expire',
    config.discard === 'new'
      ? undefined
      : `discard is ${config.discard}; it must be new, so that a full stream refuses`,
    config.max_msgs_per_subject === perSubject ? undefined : `max_msgs_per_subject must be ${perSubject}`,
    config.storage === 'file' ? undefined : `storage is ${config.storage}; it must be file`,
    config.deny_purge ? 'it denies purging, which compact() needs' : undefined,
    config.deny_delete && config.name === stream ? 'it denies deleting, which undoes refused calls' : undefined,
  ].filter((one) => one !== undefined);
  if (wrong.length === 0) return;
  throw new InvalidOptionError(
    `${location}: the JetStream stream ${config.name} would lose what it acknowledged, or cannot be used: ${wrong.join('; ')}. Change that, or name another stream.`,
  );
}
