import {
  type Fate,
  type FaultKind,
  RemoteMemoryServer,
  RemoteMemoryStore,
  storeContract,
} from '../../src/testing/index.js';

/** A network whose calls are counted, one of which may fail. */
class CountedNetwork {
  #count = 0;
  #fault: { readonly at: number; readonly kind: FaultKind } | undefined;
  readonly kinds: readonly FaultKind[] = ['lost', 'unanswered', 'refused'];

  readonly travel = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  readonly pause = (): Promise<void> => this.travel();

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

describe('RemoteMemoryStore', () => {
  storeContract(test, async () => {
    const server = new RemoteMemoryServer();
    const network = new CountedNetwork();
    const expire = async ({ header }: { header: { master: string } }): Promise<void> => {
      server.expire(header.master);
    };
    return {
      open: () => new RemoteMemoryStore(server, network),
      kill: expire,
      suspend: expire,
      faults: network,
    };
  });
});
