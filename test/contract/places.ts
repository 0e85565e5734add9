/** Places for the contract of stores that need nothing of Node's: tests and pages use the same ones. */
import { type FailureKind, MemoryStore, type Store, StoreUnreachableError } from '../../src/core.js';
import {
  type Fate,
  type Faults,
  RemoteMemoryServer,
  RemoteMemoryStore,
  type StorePlace,
} from '../../src/testing/core.js';
import type { AsyncMap, Value } from '../../examples/map-store/map-stream.js';

export async function memoryPlace(): Promise<StorePlace> {
  const store = new MemoryStore();
  return { open: () => store, kill: (journal) => journal.close() };
}

/** A network whose calls are counted, one of which may fail. */
class CountedNetwork implements Faults {
  #count = 0;
  #fault: { readonly at: number; readonly kind: FailureKind } | undefined;
  readonly travel: () => Promise<void>;
  readonly pause: () => Promise<void>;

  constructor(turn: () => Promise<void>) {
    this.travel = this.pause = turn;
  }

  readonly fate = (): Fate => {
    const call = this.#count++;
    return this.#fault?.at === call ? this.#fault.kind : 'answered';
  };

  count(): number {
    return this.#count;
  }

  fail(at: number, kind: FailureKind): void {
    this.#count = 0;
    this.#fault = { at, kind };
  }

  heal(): void {
    this.#count = 0;
    this.#fault = undefined;
  }
}

/** @param turn resolves in another turn of the event loop: how long each way takes */
export async function serverPlace(turn: () => Promise<void>): Promise<StorePlace> {
  const server = new RemoteMemoryServer();
  const network = new CountedNetwork(turn);
  const expire = async ({ header }: { readonly header: { readonly master: string } }): Promise<void> => {
    server.expire(header.master);
  };
  return { open: () => new RemoteMemoryStore(server, network), kill: expire, suspend: expire, faults: network };
}

/** @param storeOn makes a store on a map, which is behind a network as well */
export async function mapPlace(storeOn: (map: AsyncMap) => Store): Promise<StorePlace> {
  const data = new Map<string, Value>();
  const network = new CountedNetwork(() => Promise.resolve());
  const call = async <T>(work: () => T): Promise<T> => {
    const fate = network.fate();
    await network.travel();
    if (fate === 'lost') throw new StoreUnreachableError('The call did not arrive; it is tried again.');
    if (fate === 'refused') throw new Error('the map refuses it');
    const result = work();
    await network.travel();
    if (fate === 'unanswered') throw new StoreUnreachableError('The call got no answer; it is tried again.');
    return result;
  };
  const map: AsyncMap = {
    get: (key) => call(() => data.get(key)),
    keys: (prefix) => call(() => [...data.keys()].filter((key) => key.startsWith(prefix)).sort()),
    put: (key, value, only) =>
      call(() => {
        if (only !== undefined && data.get(only.key) !== only.is) return false;
        if (value === undefined) data.delete(key);
        else data.set(key, value);
        return true;
      }),
  };
  const unlock = async ({ header }: { readonly header: { readonly master: string } }): Promise<void> => {
    data.delete(`lock/${header.master}`);
  };
  return {
    open: () => storeOn(map),
    kill: unlock,
    suspend: unlock,
    damage: async ({ master, epoch }) => {
      const [key = ''] = [...data.keys()].filter((name) => name.startsWith(`events/${master}/${epoch}`)).sort();
      data.set(key, String(data.get(key)).replace('"seq":1', '"seq":7'));
    },
    faults: network,
  };
}
