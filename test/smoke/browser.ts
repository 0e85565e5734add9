/** What runs in a page: no folder, and nothing of Node's. */
import { Master, MemoryStore, Prevalent, Transaction } from 'prevalent';
import { RemoteMemoryServer, storeContract } from 'prevalent/testing';

@Prevalent('smoke-in-browser')
class Basket {
  readonly items: string[] = [];
  @Transaction() add(title: string): void {
    this.items.push(title);
  }
}

const master = await Master.open(Basket, { name: 'page', store: new MemoryStore() });
master.model.add('milk');
await master.transact((basket) => basket.add('bread'));
const refusal = await Master.open(Basket, { name: 'other', store: './folder' }).then(
  () => 'nothing was refused',
  (error: unknown) => (error as { code: string }).code,
);
console.log(`${master.model.items.join()} ${refusal}`);
await master.close();

// The tools for tests of stores are there as well.
let points = 0;
storeContract(
  () => points++,
  () => Promise.reject(new Error('nothing is run')),
);
const { length: streams } = await new RemoteMemoryServer().memory.streams();
if (points < 30 || streams > 0) throw new Error('the contract of stores is not what it should be');
