import { jest } from '@jest/globals';
import 'reflect-metadata';
import type * as Package from 'prevalent';
import { Master, MemoryStore, Prevalent, Transaction, type PrevalentError } from 'prevalent';
import { definitionOf } from '../../../src/model/prevalent.js';

/** Decorators in places and with arguments that their types exclude. */
type Anywhere = (target: object, key: string | symbol) => void;
type Standard = (value: unknown, context: object) => unknown;
const anywhere = (decorator: unknown): Anywhere => decorator as Anywhere;

const codeOf = (run: () => unknown): string | undefined => {
  try {
    run();
  } catch (error) {
    return (error as PrevalentError).code;
  }
  return undefined;
};

describe('legacy decorators', () => {
  test('a class and its methods are found by their stable names', () => {
    @Prevalent('decorated', { version: 1 })
    class Model {
      value = 0;
      @Transaction() add(by: number): number {
        return (this.value += by);
      }
      @Transaction('take-away', { aliases: ['subtract', 'minus'] }) subtract(by: number): number {
        return (this.value -= by);
      }
      @Transaction({ name: 'reset' }) clear(): void {
        this.value = 0;
      }
      double(): number {
        return this.value * 2;
      }
    }
    const definition = definitionOf(Model);
    expect(definition.name).toBe('decorated');
    expect([...definition.transactions.keys()].sort()).toEqual(['add', 'minus', 'reset', 'subtract', 'take-away']);
    expect(definition.transactions.get('minus')?.property).toBe('subtract');
    expect(Model.prototype.add.name).toBe('add');
    expect(Model.prototype.add.length).toBe(1);
  });

  test('the class name is the default name, and a model of another shape of decorator call is found, too', () => {
    @Prevalent()
    class NamedByItsClass {}
    @Prevalent(undefined, { classes: [] })
    class AlsoNamed {}
    expect(definitionOf(NamedByItsClass).name).toBe('NamedByItsClass');
    expect(definitionOf(AlsoNamed).name).toBe('AlsoNamed');
  });

  test('an instance that no master manages is an ordinary object', () => {
    class Model {
      value = 0;
      @Transaction() add(by: number): number {
        if (by < 0) throw new RangeError('negative');
        return (this.value += by);
      }
    }
    Prevalent('unmanaged')(Model);
    const model = new Model();
    expect(model.add(2)).toBe(2);
    model.value = 40;
    expect(model.add(2)).toBe(42);
    expect(() => model.add(-1)).toThrow(RangeError);
    expect(Transaction.current).toBeUndefined();
    expect(structuredClone(model)).toEqual({ value: 42 });
  });

  test('a subclass inherits, overrides and calls super; a call is one event', async () => {
    class Base {
      readonly log: string[] = [];
      @Transaction() write(text: string): number {
        return this.log.push(text);
      }
      @Transaction() inherited(): string {
        this.log.push('inherited');
        return 'base';
      }
    }
    @Prevalent('sub-of-base')
    class Sub extends Base {
      @Transaction() override write(text: string): number {
        this.log.push('before');
        return super.write(text.toUpperCase());
      }
    }
    const master = await Master.open(Sub, { name: 'one', store: new MemoryStore() });
    expect(master.model.write('a')).toBe(2);
    expect(master.model.inherited()).toBe('base');
    expect([...master.model.log]).toEqual(['before', 'A', 'inherited']);
    const names: string[] = [];
    for await (const event of master.events()) names.push(event.transaction);
    expect(names).toEqual(['write', 'inherited']);
    expect((await master.at(new Date(8.64e12))).log).toEqual(['before', 'A', 'inherited']);
    await master.close();
  });

  test('an override that is no transaction is refused: it would be replayed without what it adds', () => {
    class Base {
      @Transaction() write(): void {}
    }
    class Sub extends Base {
      override write(): void {
        super.write();
      }
    }
    expect(codeOf(() => Prevalent('hiding')(Sub))).toBe('DECORATOR_USAGE');
    expect(codeOf(() => definitionOf(Sub))).toBe('NOT_PREVALENT');
  });

  test.each<[string, string, () => unknown]>([
    [
      'a static method',
      'DECORATOR_USAGE',
      () => {
        class Model {
          @Transaction() static add(): void {}
        }
        return Model;
      },
    ],
    [
      'a getter',
      'DECORATOR_USAGE',
      () => {
        class Model {
          @anywhere(Transaction()) get value(): number {
            return 1;
          }
        }
        return Model;
      },
    ],
    [
      'a field',
      'DECORATOR_USAGE',
      () => {
        class Model {
          @anywhere(Transaction()) value = 1;
        }
        return Model;
      },
    ],
    [
      'a field that holds a function',
      'DECORATOR_USAGE',
      () => {
        class Model {
          @anywhere(Transaction()) add = (): number => 1;
        }
        return Model;
      },
    ],
    [
      'a method, without parentheses',
      'DECORATOR_USAGE',
      () => {
        class Model {
          @anywhere(Transaction) add(): void {}
        }
        return Model;
      },
    ],
    [
      'a class, without parentheses',
      'DECORATOR_USAGE',
      () => {
        @(Prevalent as unknown as ClassDecorator)
        class Model {}
        return Model;
      },
    ],
    [
      'a method named by a symbol, without a name',
      'DECORATOR_USAGE',
      () => {
        class Model {
          @Transaction() [Symbol.iterator](): void {}
        }
        return Model;
      },
    ],
    ['an empty name', 'DECORATOR_USAGE', () => Transaction('')({}, 'add', { value: () => 1 })],
    ['a version of zero', 'DECORATOR_USAGE', () => Transaction('a', { version: 0 })({}, 'add', { value: () => 1 })],
    ['a half version', 'DECORATOR_USAGE', () => Transaction('a', { version: 1.5 })({}, 'add', { value: () => 1 })],
    [
      'a version without its steps',
      'DECORATOR_USAGE',
      () => Transaction('a', { version: 3, upcast: { 1: (args) => args } })({}, 'add', { value: () => 1 }),
    ],
    [
      'an asynchronous method',
      'ASYNC_TRANSACTION',
      () => {
        class Model {
          @Transaction() async add(): Promise<void> {}
        }
        return Model;
      },
    ],
    [
      'a generator',
      'ASYNC_TRANSACTION',
      () => {
        class Model {
          @Transaction() *add(): Generator<number> {
            yield 1;
          }
        }
        return Model;
      },
    ],
    [
      'an asynchronous generator',
      'ASYNC_TRANSACTION',
      () => {
        class Model {
          @Transaction() async *add(): AsyncGenerator<number> {
            yield 1;
          }
        }
        return Model;
      },
    ],
    [
      'a name used twice',
      'DUPLICATE_TRANSACTION',
      () => {
        class Model {
          @Transaction('a') one(): void {}
          @Transaction('a') two(): void {}
        }
        Prevalent('twice-a')(Model);
      },
    ],
    [
      'an alias that is a name',
      'DUPLICATE_TRANSACTION',
      () => {
        class Model {
          @Transaction('a') one(): void {}
          @Transaction('b', { aliases: ['a'] }) two(): void {}
        }
        Prevalent('twice-b')(Model);
      },
    ],
    [
      'an alias used twice',
      'DUPLICATE_TRANSACTION',
      () => {
        class Model {
          @Transaction('a', { aliases: ['x'] }) one(): void {}
          @Transaction('b', { aliases: ['x'] }) two(): void {}
        }
        Prevalent('twice-c')(Model);
      },
    ],
    [
      'a name of the base class used for another method',
      'DUPLICATE_TRANSACTION',
      () => {
        class Base {
          @Transaction('a') one(): void {}
        }
        class Model extends Base {
          @Transaction('a') two(): void {}
        }
        Prevalent('twice-d')(Model);
      },
    ],
    ['a bad model name', 'DECORATOR_USAGE', () => Prevalent('no spaces')(class Model {})],
    ['a class without a name', 'DECORATOR_USAGE', () => Prevalent()((() => class {})())],
    ['a model version without its steps', 'DECORATOR_USAGE', () => Prevalent('steps', { version: 2 })(class Model {})],
  ])('%s is refused with %s', (_what, code, define) => {
    expect(codeOf(define)).toBe(code);
  });

  test('the same class may be decorated twice, and another one of that name beside it', () => {
    class One {}
    class Two {}
    Prevalent('one-name')(One);
    Prevalent('one-name')(Two);
    Prevalent('one-name')(One);
    expect(definitionOf(One).model).toBe(One);
    expect(definitionOf(Two).model).toBe(Two);
  });

  test('a class with transactions but without @Prevalent cannot be opened, nor can a subclass of a model', async () => {
    class Model {
      @Transaction() add(): void {}
    }
    @Prevalent('parent-of-none')
    class Parent {}
    class Child extends Parent {}
    for (const type of [Model, Child, undefined, {}, 'text']) {
      await expect(Master.open(type as never, { name: 'one', store: new MemoryStore() })).rejects.toMatchObject({
        code: 'NOT_PREVALENT',
      });
    }
  });

  test('a method that returns a promise without being async is undone and refused', async () => {
    @Prevalent('promising')
    class Model {
      value = 0;
      @Transaction() later(): unknown {
        this.value = 1;
        return Promise.reject(new Error('nobody hears this'));
      }
    }
    const master = await Master.open(Model, { name: 'one', store: new MemoryStore() });
    expect(codeOf(() => master.model.later())).toBe('ASYNC_TRANSACTION');
    expect(master.model.value).toBe(0);
    expect(Object.values((await master.status()).streams)).toEqual([{ accepted: 0, published: 0 }]);
    await master.close();
  });
});

describe('standard decorators', () => {
  const context = (extra: object): object => ({
    kind: 'method',
    name: 'add',
    static: false,
    private: false,
    addInitializer: () => undefined,
    ...extra,
  });

  test('the decorator gets a value and a context and gives the wrapped method', async () => {
    class Model {
      value = 0;
      add(by: number): number {
        return (this.value += by);
      }
    }
    const wrapped = (Transaction('plus', { args: () => [Number] }) as Standard)(Model.prototype.add, context({}));
    Object.defineProperty(Model.prototype, 'add', { value: wrapped, writable: true, configurable: true });
    (Prevalent('by-hand') as Standard)(Model, { kind: 'class', name: 'Model', addInitializer: () => undefined });
    const master = await Master.open(Model, { name: 'one', store: new MemoryStore() });
    expect(master.model.add(3)).toBe(3);
    expect(() => {
      (master.model as { value: number }).value = 4;
    }).toThrow('outside a transaction');
    await master.close();
  });

  test.each<[string, object]>([
    ['a field', { kind: 'field' }],
    ['a getter', { kind: 'getter' }],
    ['a setter', { kind: 'setter' }],
    ['an accessor', { kind: 'accessor' }],
    ['a class', { kind: 'class' }],
    ['a static method', { static: true }],
    ['a private method', { private: true, name: '#add' }],
  ])('%s is refused', (_what, extra) => {
    expect(codeOf(() => (Transaction() as Standard)(() => 1, context(extra)))).toBe('DECORATOR_USAGE');
  });

  test('missing parentheses are refused', () => {
    expect(codeOf(() => (Transaction as unknown as Standard)(() => 1, context({})))).toBe('DECORATOR_USAGE');
    expect(codeOf(() => (Prevalent as unknown as Standard)(class Model {}, context({ kind: 'class' })))).toBe(
      'DECORATOR_USAGE',
    );
  });

  test('asynchronous methods are refused', () => {
    expect(codeOf(() => (Transaction() as Standard)(async () => 1, context({})))).toBe('ASYNC_TRANSACTION');
  });
});

test('two copies of the package share one registry', async () => {
  const copies: (typeof Package)[] = [];
  await jest.isolateModulesAsync(async () => {
    copies.push(await import('prevalent'));
  });
  const copy = copies[0]!;
  expect(copy.Master).not.toBe(Master);
  class Model {
    value = 0;
    inner: string | undefined;
    @copy.Transaction() add(by: number): number {
      this.inner = Transaction.current?.id;
      return (this.value += by);
    }
  }
  copy.Prevalent('of-two-copies')(Model);
  const store = new MemoryStore();
  const master = await Master.open(Model, { name: 'one', store });
  class Other {}
  Prevalent('of-two-copies')(Other);
  await expect(copy.Master.open(Other, { name: 'two', store })).rejects.toMatchObject({ code: 'DUPLICATE_MODEL' });
  expect(master.model.add(2)).toBe(2);
  expect(master.model.inner).toHaveLength(26);
  expect(copy.Transaction.current).toBeUndefined();
  // A call of one copy's master inside a transaction of the other's is seen, too.
  const other = await copy.Master.open(Model, { name: 'two', store: new copy.MemoryStore() });
  expect(other.model.add(5)).toBe(5);
  await master.close();
  await other.close();
});
