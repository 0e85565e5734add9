import 'reflect-metadata';
import { Master, MemoryStore, Prevalent, Transaction } from 'prevalent';

test('a call past the override would be replayed as the override: it is refused', async () => {
  class Base {
    readonly log: string[] = [];
    @Transaction() write(text: string): void {
      this.log.push(`base ${text}`);
    }
  }
  @Prevalent('hidden-by-override')
  class Sub extends Base {
    @Transaction() override write(text: string): void {
      this.log.push(`sub ${text}`);
      super.write(text);
    }
    past(text: string): void {
      super.write(text);
    }
  }
  const master = await Master.open(Sub, { name: 'one', store: new MemoryStore() });
  expect(() => {
    master.model.past('x');
  }).toThrow(expect.objectContaining({ code: 'DECORATOR_USAGE' }));
  master.model.write('y');
  expect([...master.model.log]).toEqual(['sub y', 'base y']);
  await master.close();
});

test('a decorator above @Transaction hides it from the model: the call says so', async () => {
  const above = (_target: object, _key: string, descriptor: PropertyDescriptor): void => {
    const inner = descriptor.value as (...args: unknown[]) => unknown;
    descriptor.value = function (this: unknown, ...args: unknown[]): unknown {
      return inner.apply(this, args);
    };
  };
  @Prevalent('hidden-by-decorator')
  class Model {
    value = 0;
    @above
    @Transaction()
    add(): void {
      this.value++;
    }
  }
  const master = await Master.open(Model, { name: 'one', store: new MemoryStore() });
  expect(() => {
    master.model.add();
  }).toThrow(expect.objectContaining({ code: 'DECORATOR_USAGE' }));
  expect(master.model.value).toBe(0);
  await master.close();
});
