/** What people write at first, and what they are told instead of something obscure. */
import 'reflect-metadata';
import { Type } from 'class-transformer';
import { EventEmitter } from 'node:events';
import { Master, MemoryStore, Prevalent, Transaction } from '../../src/index.js';

abstract class Shape {
  sides = 0;
}
class Circle extends Shape {}
class Square extends Shape {}

class Singleton {
  private constructor(readonly label: string) {}
  static of(label: string): Singleton {
    return new Singleton(label);
  }
}

class Loud extends EventEmitter {}

@Prevalent('clear-refusals', { classes: { singleton: Singleton } })
class Model {
  @Type(() => Shape, {
    discriminator: {
      property: 'kind',
      subTypes: [
        { value: Circle, name: 'circle' },
        { value: Square, name: 'square' },
      ],
    },
  })
  readonly shapes: Shape[] = [];
  readonly all: unknown[] = [];
  @Transaction() draw(round: boolean): void {
    this.shapes.push(round ? new Circle() : new Square());
  }
  @Transaction() keep(label: string): void {
    this.all.push(Singleton.of(label));
  }
  @Transaction() put(value: unknown): void {
    this.all.push(value);
  }
  @Transaction() listen(): void {
    this.all.push(new Loud());
  }
}

test('subtypes of a discriminator and classes with a private constructor live in the state', async () => {
  const store = new MemoryStore();
  const options = { name: 'one', store, check: 'replay' as const };
  const master = await Master.open(Model, options);
  master.model.draw(true);
  master.model.draw(false);
  master.model.keep('x');
  await master.snapshot();
  master.model.draw(true);
  await master.close();
  for (const name of ['one', 'newcomer']) {
    const again = await Master.open(Model, { ...options, name });
    expect(again.query(({ shapes }) => shapes.map((shape) => shape.constructor))).toEqual([Circle, Square, Circle]);
    expect(again.query(({ all }) => all[0])).toBeInstanceOf(Singleton);
    await again.close();
  }
});

describe('a transaction without its model', () => {
  test('is refused with what to write instead', async () => {
    const master = await Master.open(Model, { name: 'one', store: new MemoryStore() });
    const { draw } = master.model;
    const refusal = { code: 'DETACHED_TRANSACTION', message: expect.stringContaining('model.draw(…)') as unknown };
    expect(() => {
      draw(true);
    }).toThrow(expect.objectContaining(refusal) as Error);
    expect(() => [true].forEach(new Model().draw)).toThrow(expect.objectContaining(refusal) as Error);
    expect(master.model.shapes).toHaveLength(0);
    expect(master.version).toBe(0);
    await master.close();
  });
});

describe('an event emitter', () => {
  const remedy = /Loud.*extends EventEmitter, which keeps a list of listeners.*master\.on\('event', …\)/;

  test('is refused in the state', async () => {
    const master = await Master.open(Model, { name: 'one', store: new MemoryStore() });
    expect(() => {
      master.model.listen();
    }).toThrow(
      expect.objectContaining({
        code: 'UNSUPPORTED_STATE',
        message: expect.stringMatching(remedy) as unknown,
      }) as Error,
    );
    await master.close();
  });

  test.each([
    ['as a class of the state', { loud: Loud }, class {}],
    ['as the model', {}, class Loud extends EventEmitter {}],
  ])('is refused %s', async (_, classes, Refused) => {
    Prevalent('loud', { classes })(Refused);
    await expect(Master.open(Refused, { name: 'one', store: new MemoryStore() })).rejects.toMatchObject({
      code: 'UNSUPPORTED_STATE',
      message: expect.stringContaining("listen with master.on('event', …)") as unknown,
    });
  });
});

test.each(['constructor', '__proto__', 'prototype'])(
  'the key %s of an argument is refused with what to pass instead',
  async (key) => {
    const master = await Master.open(Model, { name: 'one', store: new MemoryStore() });
    expect(() => {
      master.model.put(JSON.parse(`{ "words": { "${key}": 1 } }`));
    }).toThrow(
      expect.objectContaining({
        code: 'UNCARRIABLE_ARGUMENT',
        message: expect.stringMatching(
          new RegExp(`at words: the key ${key} is not allowed.*pass a Map, or a list of entries`),
        ) as unknown,
      }) as Error,
    );
    master.model.put(new Map([[key, 1]]));
    expect(master.model.all).toHaveLength(1);
    await master.close();
  },
);

test('what is no class is refused where it is named', () => {
  class Late {}
  for (const classes of [{ late: undefined as unknown as typeof Late }, [undefined as unknown as typeof Late]])
    expect(() => {
      Prevalent('no-class', { classes })(Late);
    }).toThrow(/is no class but undefined; does its module import this one in a circle/);
});
