/** What the compiler must accept and refuse of `definePrevalent`; `npm run typecheck` proves it. */
import { definePrevalent, Master, MemoryStore } from 'prevalent';

class Basket {
  readonly items: string[] = [];
  onChange: (() => void) | undefined;
  add(item: string): number {
    return this.items.push(item);
  }
  clear(): void {
    this.items.length = 0;
  }
  get size(): number {
    return this.items.length;
  }
}

class NeedsArguments {
  constructor(readonly given: string) {}
  add(): void {
    // A method.
  }
}

/** Never called: its body is for the compiler. */
async function definitions(): Promise<void> {
  const defined: new () => Basket = definePrevalent(Basket, { name: 'a', transactions: ['add', 'clear'] });
  const master = await Master.open(defined, { name: 'one', store: new MemoryStore() });
  const count: number = master.model.add('bread');
  expect(count).toBeDefined();
  definePrevalent(Basket, {
    name: 'b',
    transactions: { add: { version: 2, upcast: { 1: (args) => args } }, clear: {} },
  });

  // @ts-expect-error -- no such method
  definePrevalent(Basket, { name: 'c', transactions: ['ad'] });
  // @ts-expect-error -- a field that holds a function or nothing is no method
  definePrevalent(Basket, { name: 'd', transactions: ['onChange'] });
  // @ts-expect-error -- a field
  definePrevalent(Basket, { name: 'e', transactions: ['items'] });
  // @ts-expect-error -- an accessor
  definePrevalent(Basket, { name: 'f', transactions: { size: {} } });
  // @ts-expect-error -- a name is needed
  definePrevalent(Basket, { transactions: ['add'] });
  // @ts-expect-error -- transactions are needed
  definePrevalent(Basket, { name: 'g' });
  // @ts-expect-error -- the model is built without arguments
  definePrevalent(NeedsArguments, { name: 'h', transactions: ['add'] });
  // @ts-expect-error -- no such option
  definePrevalent(Basket, { name: 'i', transactions: { add: { versoin: 2 } } });
}

test('the compiler has seen it', () => {
  expect(definitions).toBeInstanceOf(Function);
});
