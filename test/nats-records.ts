/** What tests do to the records of a NatsStore, as an operator could. */
import { Kvm } from '@nats-io/kv';
import type { NatsConnection } from '@nats-io/transport-node';

/** Nobody owns a name any more: whoever did is not waited for, and shut out as soon as another one takes it. */
export async function freeName(nc: NatsConnection, space: string, master: string): Promise<void> {
  const kv = await new Kvm(nc).open('prevalent', { allow_direct: false });
  const key = `${space}.master.${master}`;
  for (let isFree = false; !isFree;) {
    const entry = await kv.get(key);
    if (entry === null) return;
    const record = { ...entry.json<object>(), owner: null };
    // Else it was changed meanwhile.
    isFree = await kv.update(key, JSON.stringify(record), entry.revision).then(
      () => true,
      () => false,
    );
  }
}

/** As the page for administrators says of restored streams: whoever comes begins a new stream. */
export async function forgetAll(nc: NatsConnection): Promise<void> {
  const kv = await new Kvm(nc).open('prevalent', { allow_direct: false });
  for await (const key of await kv.keys('*.master.*')) {
    const entry = await kv.get(key);
    if (entry !== null) await kv.put(key, JSON.stringify({ ...entry.json<object>(), owner: null, session: null }));
  }
}

/** A connection, with some of its members replaced. */
export function instead(nc: NatsConnection, members: Partial<NatsConnection>): NatsConnection {
  return new Proxy(nc, {
    get: (target, name) => {
      const value: unknown = Reflect.get(name in members ? members : target, name);
      return typeof value === 'function' ? (value as () => unknown).bind(target) : value;
    },
  });
}
