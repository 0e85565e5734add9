/** Objects whose Object, Array, Map are those of another realm: a vm context, or Node's own realm under Jest. */
import { copyOf, Master, MemoryStore, Prevalent, Transaction } from 'prevalent';
import { runInNewContext } from 'node:vm';
import { everyWay } from '../../every-way.js';

const NO_PLACE: Record<string, unknown> = Object.assign(Object.create(null) as object, { at: 0 });
let runs = 0;
let make: () => unknown = () => null;

const START = {
  columns: [
    { title: 'todo', at: new Date(5) },
    { title: 'done', at: new Date(6) },
  ],
};

@Prevalent('cloned-start')
class Started {
  readonly board = structuredClone(START);
  @Transaction() rename(title: string): void {
    this.board.columns[0]!.title = title;
  }
}

test('a new model may begin with a clone of what a module holds', async () => {
  const { outcomes } = await everyWay(Started, { calls: [(model) => model.rename('soon')] });
  expect(outcomes).toEqual([{ transaction: 'rename', error: undefined }]);
  expect(START.columns[0]!.title).toBe('todo');
});

@Prevalent('other-realms')
class Model {
  held: unknown = {
    map: new Map([[{ key: 1 }, new Set([[1]])]]),
    at: new Date(5),
    pattern: /x/g,
    bytes: Uint8Array.of(1),
  };
  copy: unknown = null;
  bare: Record<string, unknown> | null = { ...NO_PLACE };

  @Transaction() clone(): void {
    this.copy = structuredClone(this.held);
  }
  @Transaction() cloneNew(): void {
    const self: Record<string, unknown> = { list: [{ n: 1 }] };
    self['self'] = self;
    this.copy = structuredClone(self);
  }
  @Transaction() cloneError(): void {
    this.copy = structuredClone(new RangeError('far', { cause: [new TypeError('deep')] }));
  }
  @Transaction() make(): void {
    this.copy = make();
  }
  @Transaction() put(value: unknown): void {
    this.copy = value;
  }
  @Transaction() bared(): void {
    this.bare = Object.assign(Object.create(null) as object, { at: 0 });
  }
  @Transaction() leave(): void {
    const { bare } = this;
    this.bare = null;
    if (bare !== null) bare['at'] = ++runs;
  }
}

test.each(['clone', 'cloneNew', 'cloneError'] as const)('what structuredClone made can be stored: %s', async (call) => {
  const { outcomes } = await everyWay(Model, { calls: [(model) => model[call]()] });
  expect(outcomes).toEqual([{ transaction: call, error: undefined }]);
});

test('it is of the classes of the model that stores it', async () => {
  const master = await Master.open(Model, { name: 'a', store: new MemoryStore() });
  master.model.clone();
  expect(master.query((raw) => raw.copy)).toStrictEqual(new Model().held);
  master.model.cloneError();
  expect(master.query((raw) => raw.copy)).toBeInstanceOf(RangeError);
  await master.close();
});

test.each([
  '({ a: 1 })',
  '[1]',
  'new Map()',
  'new Set()',
  'new Date(5)',
  '/x/',
  'new TypeError("x")',
  'new Uint8Array(1)',
])('%s of another realm is refused, and a copy is taken', async (code) => {
  const master = await Master.open(Model, { name: 'a', store: new MemoryStore() });
  make = () => runInNewContext(code) as unknown;
  const why = /made in another realm.*copyOf\(value\)/;
  const refused = (coded: string): unknown =>
    expect.objectContaining({ code: coded, message: expect.stringMatching(why) as string });
  expect(() => master.model.make()).toThrow(refused('UNSUPPORTED_STATE') as Error);
  expect(() => master.model.put({ deep: make() })).toThrow(refused('UNCARRIABLE_ARGUMENT') as Error);
  expect(master.model.copy).toBeNull();
  make = () => copyOf({ deep: runInNewContext(code) as unknown });
  master.model.make();
  const put = expect(() => master.model.put(make()));
  if (code.includes('Error')) put.toThrow('its name and message');
  else put.not.toThrow();
  await master.close();
});

test('a copy is of this realm, all the way down', async () => {
  const code = '({ a: [new Map([[{ k: 1 }, new Set([new Date(5), /x/g])]]), new Uint8Array(2)] })';
  const master = await Master.open(Model, { name: 'a', store: new MemoryStore() });
  make = () => copyOf(runInNewContext(code) as unknown);
  master.model.make();
  expect(master.query((raw) => raw.copy)).toStrictEqual({
    a: [new Map([[{ k: 1 }, new Set([new Date(5), /x/g])]]), new Uint8Array(2)],
  });
  await master.close();
});

test('the arguments of a function are refused by their name', async () => {
  const master = await Master.open(Model, { name: 'a', store: new MemoryStore() });
  make = function () {
    // eslint-disable-next-line prefer-rest-params
    return arguments;
  };
  expect(() => master.model.make()).toThrow('Store a list: [...arguments].');
  expect(() => master.model.put(make())).toThrow('pass a list: [...arguments]');
  await master.close();
});

test('the check names the place of an object without a prototype that left the state', async () => {
  const master = await Master.open(Model, { name: 'a', store: new MemoryStore(), check: 'replay' });
  master.model.bared();
  expect(() => master.model.leave()).toThrow(
    expect.objectContaining({ code: 'NON_DETERMINISTIC_TRANSACTION' }) as Error,
  );
  await master.close();
});
