/** Places for the contract on a real nats-server: each is a space of its own, whose requests are counted and may fail. */
import { jetstreamManager } from '@nats-io/jetstream';
import type { Msg, NatsConnection, Payload, RequestOptions } from '@nats-io/transport-node';
import type { FailureKind } from '../../src/index.js';
import { NatsStore } from '../../src/store/nats/index.js';
import type { Faults, StorePlace } from '../../src/testing/index.js';
import { byEffort } from '../effort.js';
import { freeName, instead } from '../nats-records.js';

/** Of what only reads, so many are counted as one: there are many, and all of them fail in one place of the code. */
const READS = byEffort({ quick: 16, ci: 6, deep: 1 });

/** Requests that are counted, one of which may fail. Who asks for the owner of a name asks again and again: that is not counted. */
class CountedRequests implements Faults {
  #count = 0;
  #reads = 0;
  #fault: { readonly at: number; readonly kind: FailureKind } | undefined;

  /** A connection on which one request may fail. */
  over(nc: NatsConnection): NatsConnection {
    const request = (subject: string, data?: Payload, options?: RequestOptions): Promise<Msg> =>
      this.#request(nc, subject, data, options);
    return instead(nc, { request });
  }

  async #request(nc: NatsConnection, subject: string, data?: Payload, options?: RequestOptions): Promise<Msg> {
    const isLeftOut = subject.includes('.owner.of.') || (subject.includes('.MSG.GET.') && this.#reads++ % READS > 0);
    if (isLeftOut) return nc.request(subject, data, options);
    const call = this.#count++;
    const kind = this.#fault?.at === call ? this.#fault.kind : undefined;
    if (kind === 'lost') throw new Error('the connection is lost');
    if (kind === 'refused') return refusal();
    const answer = await nc.request(subject, data, options);
    if (kind === 'unanswered') throw new Error('no answer came');
    return answer;
  }

  count(): number {
    return this.#count;
  }

  fail(at: number, kind: FailureKind): void {
    this.#count = this.#reads = 0;
    this.#fault = { at, kind };
  }

  heal(): void {
    this.#count = this.#reads = 0;
    this.#fault = undefined;
  }
}

/** As the server says that a stream is full. */
function refusal(): Msg {
  const error = { code: 503, err_code: 10_077, description: 'maximum bytes exceeded' };
  return { data: new TextEncoder().encode(JSON.stringify({ error })) } as Msg;
}

let spaces = 0;

export async function natsPlace(nc: NatsConnection): Promise<StorePlace> {
  const space = `space-${++spaces}`;
  const faults = new CountedRequests();
  const connection = faults.over(nc);
  const silence = ({ header }: { readonly header: { readonly master: string } }): Promise<void> =>
    freeName(nc, space, header.master);
  return {
    open: () => new NatsStore({ connection, space, silence: 60_000 }),
    kill: silence,
    suspend: silence,
    damage: async ({ master, epoch }) => {
      const jsm = await jetstreamManager(nc);
      const query = { next_by_subj: `prevalent.${space}.${master}.${epoch}`, seq: 1 };
      const first = await jsm.streams.getMessage('prevalent', query);
      if (first !== null) await jsm.streams.deleteMessage('prevalent', first.seq);
    },
    faults,
  };
}
