/** `@Type` of class-transformer in a program without reflect-metadata, and with one that is loaded late. Nothing here loads it at the top. */
import { Type } from 'class-transformer';
import { Master, MemoryStore, Prevalent, Transaction } from '../../../src/index.js';

type Ask = (key: string, target: object | undefined, place: unknown) => unknown;

const metadata = Reflect as unknown as { getMetadata: Ask; hasOwnMetadata?: Ask; getOwnMetadata?: Ask };

class Todo {
  constructor(readonly title = '') {}
}

@Prevalent('todos-of-type-decorator')
class TodoList {
  @Type(() => Todo) readonly todos: Todo[] = [];
  @Transaction() add(title: string): void {
    this.todos.push(new Todo(title));
  }
}

/** What standard decorators are given in place of a class and a property. */
const context = { kind: 'field', name: 'todos', addInitializer: () => undefined };
const asStandard = (): void => {
  (Type(() => Todo) as unknown as (target: undefined, context: object) => void)(undefined, context);
};
const refusal = expect.objectContaining({
  code: 'DECORATOR_USAGE',
  message: expect.stringMatching(
    /@Type on the field todos .*"experimentalDecorators": true .*tsconfig.json.*classes: \{ todo: Todo \}/,
  ) as unknown,
}) as Error;

test('works without reflect-metadata, and says which line of tsconfig.json is missing', async () => {
  expect('metadata' in Reflect).toBe(false);
  expect(Object.keys(Reflect)).toEqual([]);
  const store = new MemoryStore();
  const master = await Master.open(TodoList, { name: 'one', store });
  await master.transact((list) => list.add('milk'));
  await master.snapshot();
  await master.close();
  const again = await Master.open(TodoList, { name: 'one', store });
  expect(again.query(({ todos }) => todos[0] instanceof Todo)).toBe(true);
  await again.close();
  expect(asStandard).toThrow(refusal);
});

test('asks an older reflect-metadata, which leaves alone what it finds', () => {
  class Base {}
  class Derived extends Base {}
  metadata.hasOwnMetadata = (key, target, place) => key === 'k' && target === Base.prototype && place === 'field';
  metadata.getOwnMetadata = () => Map;
  try {
    expect(metadata.getMetadata('k', Derived.prototype, 'field')).toBe(Map);
    expect(metadata.getMetadata('other', Derived.prototype, 'field')).toBeUndefined();
  } finally {
    delete metadata.hasOwnMetadata;
    delete metadata.getOwnMetadata;
  }
});

test('is answered by a reflect-metadata that comes later, and explained as before', async () => {
  await import('reflect-metadata');
  Prevalent('late-metadata');
  Reflect.defineMetadata('design:type', Map, Date.prototype, 'field');
  expect(metadata.getMetadata('design:type', Date.prototype, 'field')).toBe(Map);
  expect(() => metadata.getMetadata('design:type', undefined, 'field')).toThrow(TypeError);
  expect(asStandard).toThrow(refusal);
});
