/** What runs in a page: no folder, and nothing of Node's. */
import 'reflect-metadata';
import { Master, MemoryStore, Prevalent, Transaction } from 'prevalent';

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
