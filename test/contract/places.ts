/** Places for the contract of stores that need nothing of Node's: tests and pages use the same ones. */
import { MemoryStore } from '../../src/core.js';
import {
  FAULTLESS,
  type Fate,
  type FaultKind,
  type Faults,
  RemoteMemoryServer,
  RemoteMemoryStore,
  type StorePlace,
} from '../../src/testing/core.js';

export async function memoryPlace(): Promise<StorePlace> {
  const store = new MemoryStore();
  return { open: () => store, kill: (journal) => journal.close(), faults: FAULTLESS };
}

/** A network whose calls are counted, one of which may fail. */
class CountedNetwork implements Faults {
  #count = 0;
  #fault: { readonly at: number; readonly kind: FaultKind } | undefined;
  readonly kinds: readonly FaultKind[] = ['lost', 'unanswered', 'refused'];
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

  fail(at: number, kind: FaultKind): void {
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
