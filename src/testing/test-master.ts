import { Master } from '../master.js';
import type { ModelClass } from '../model/definition.js';
import { MemoryStore } from '../store/memory/memory-store.js';
import type { MasterOptions } from '../sync/options.js';

/**
 * Opens a master for a test: in memory, and with `check: 'replay'`, which names what would differ on a replay.
 *
 * @param Model the class with `@Prevalent`
 * @param options as of `Master.open`. Masters that are to meet get one store, and each a name
 * @throws whatever `Master.open` throws
 * @example
 * ```ts
 * import { MemoryStore, Prevalent, Transaction } from 'prevalent';
 * import { assertSameState, testMaster } from 'prevalent/testing';
 *
 * @Prevalent('counter-of-test-master-docs')
 * class Counter {
 *   value = 0;
 *   @Transaction() add(by: number): void { this.value += by; }
 * }
 *
 * const store = new MemoryStore();
 * const laptop = await testMaster(Counter, { name: 'laptop', store });
 * const phone = await testMaster(Counter, { name: 'phone', store });
 * laptop.model.add(1);
 * await laptop.sync();
 * await phone.sync();
 * assertSameState(laptop, phone);
 * ```
 */
export function testMaster<M extends object>(
  Model: ModelClass<M>,
  { name = 'test', store = new MemoryStore(), check = 'replay', ...options }: Partial<MasterOptions> = {},
): Promise<Master<M>> {
  return Master.open(Model, { ...options, name, store, check });
}
