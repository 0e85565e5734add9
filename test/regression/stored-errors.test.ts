/**
 * An error of a state has no stack: it is of one machine, and engines keep it in different ways. Whatever is asked about it hears
 * the same behind the guard and on the raw object, live, after a replay, and in a state from a snapshot.
 */
import { copyOf, Master, MemoryStore, Prevalent, Transaction } from '../../src/index.js';
import { assertSameState } from '../../src/testing/index.js';
import { everyWay } from '../every-way.js';
import { Managed } from '../unit/state/managed.js';

class Failure extends Error {
  readonly code = 'E1';
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    Error.captureStackTrace(this, Failure);
    Object.defineProperty(this, 'name', { value: 'Failure' });
  }
}

/** Errors as they are made, named after what is unusual about them. */
const ERRORS: Record<string, () => Error> = {
  'of the language': () => new RangeError('r'),
  'with a cause': () => new Error('outer', { cause: new TypeError('inner') }),
  'of many': () => new AggregateError([new Error('a'), new Failure('b')], 'many'),
  'of a class with a fixed name': () => new Failure('f', { cause: new Error('inner') }),
  'with fields': () => Object.assign(new Error('m'), { code: 5, errno: -2 }),
  'with a stack of its own': () => Object.assign(new Error('m'), { stack: 'redacted' }),
  'without a stack': () => withoutStack(new Error('m')),
  'without a stack, and frozen': () => Object.freeze(withoutStack(new Error('m'))),
  'without a stack, and sealed': () => Object.seal(withoutStack(new Failure('m'))),
  'caught from the engine': () => thrownBy(() => (undefined as unknown as Error).message),
  'that was thrown': () => thrownBy(() => thrower(new Failure('thrown'))),
};

/** What can be asked about an error. */
const QUESTIONS: Record<string, (error: Error) => unknown> = {
  in: (error) => 'stack' in error,
  'Reflect.has': (error) => Reflect.has(error, 'stack'),
  'Object.hasOwn': (error) => Object.hasOwn(error, 'stack'),
  'its own': (error) => Object.prototype.hasOwnProperty.call(error, 'stack'),
  listed: (error) => Object.prototype.propertyIsEnumerable.call(error, 'stack'),
  getOwnPropertyDescriptor: (error) => Object.getOwnPropertyDescriptor(error, 'stack'),
  'Reflect.getOwnPropertyDescriptor': (error) => Reflect.getOwnPropertyDescriptor(error, 'stack'),
  getOwnPropertyDescriptors: (error) => Object.keys(Object.getOwnPropertyDescriptors(error)),
  ownKeys: (error) => Reflect.ownKeys(error),
  getOwnPropertyNames: (error) => Object.getOwnPropertyNames(error),
  keys: (error) => Object.keys(error),
  entries: (error) => Object.entries(error),
  spread: (error) => Object.assign({}, error),
  'for in': (error) => namesIn(error),
  text: (error) => String(error),
  copyOf: (error) => Reflect.ownKeys(copyOf(error)),
  'keys of the cause': ({ cause }) => (cause === undefined ? 'none' : Reflect.ownKeys(cause as object)),
};

function withoutStack<T extends Error>(error: T): T {
  delete error.stack;
  return error;
}

function thrower(error: Error): never {
  throw error;
}

function thrownBy(body: () => unknown): Error {
  try {
    body();
  } catch (error) {
    return error as Error;
  }
  throw new Error('nothing was thrown');
}

function namesIn(error: Error): string[] {
  const names: string[] = [];
  for (const name in error) names.push(name);
  return names;
}

const answers = (error: Error): unknown[] => Object.entries(QUESTIONS).map(([question, ask]) => [question, ask(error)]);

@Prevalent('stored-errors', { classes: { failure: Failure } })
class Incidents {
  first: Error = new TypeError('from the start', { cause: new Failure('its cause') });
  last: Error | undefined;
  readonly all = new Map<string, Error>();
  readonly answers: unknown[] = [];

  @Transaction() keep(kind: string): void {
    const error = (ERRORS[kind] as () => Error)();
    this.last = error;
    this.all.set(`${kind} ${this.all.size}`, error);
  }
  @Transaction() ask(): void {
    const last = this.last as Error;
    this.answers.push(answers(last), answers(this.first), Object.hasOwn(structuredClone({ last }).last, 'message'));
  }
  @Transaction() read(): void {
    this.answers.push(this.last?.stack);
  }
  @Transaction() write(): void {
    (this.last as Error).stack = 'again';
  }
  @Transaction() run(): void {
    BODY(this);
  }
}

let BODY: (model: Incidents) => unknown;

describe('an error of a state', () => {
  test.each(Object.keys(ERRORS))('%s: tells the same in every way', async (kind) => {
    const keep = (model: Incidents): void => model.keep(kind);
    const ask = (model: Incidents): void => model.ask();
    const { outcomes } = await everyWay(Incidents, {
      early: [keep, ask],
      calls: [keep, ask, keep, ask],
      ask: ({ first, last, all }) => [first, last as Error, ...all.values()].map(answers),
    });
    expect(outcomes.map(({ error }) => error)).toEqual(outcomes.map(() => undefined));
    expect(outcomes).toHaveLength(6);
  });

  test.each(Object.keys(ERRORS))('%s: has no stack, guarded or raw', async (kind) => {
    const master = await Master.open(Incidents, { name: 'a', store: new MemoryStore(), check: 'replay' });
    master.model.keep(kind);
    for (const error of [master.model.last, master.query((raw) => raw.last), master.model.first]) {
      expect('stack' in (error as Error)).toBe(false);
      expect((error as Error).stack).toBeUndefined();
      expect(Reflect.ownKeys(error as Error)).not.toContain('stack');
    }
    await master.close();
  });

  test('is no change that listeners are told', async () => {
    const master = await Master.open(Incidents, { name: 'a', store: new MemoryStore() });
    const paths: unknown[] = [];
    master.on('event', ({ changes }) => paths.push(...(changes ?? []).map(({ path }) => path)));
    master.model.keep('with a cause');
    expect(paths).toEqual([['last'], ['all', 'with a cause 0']]);
    await master.close();
  });

  test('is the same where one master kept it and another read it from a snapshot', async () => {
    const store = new MemoryStore();
    const [one, other] = [
      await Master.open(Incidents, { name: 'one', store }),
      await Master.open(Incidents, { name: 'other', store }),
    ];
    for (const kind of Object.keys(ERRORS)) one.model.keep(kind);
    await one.sync();
    await other.sync();
    assertSameState(one, other);
    await one.snapshot();
    await one.close();
    const again = await Master.open(Incidents, { name: 'one', store });
    assertSameState(again, other);
    assertSameState(again.model, other.model);
    await again.close();
    await other.close();
  });

  test('has none where engines keep it on the prototype', async () => {
    Object.defineProperty(Error.prototype, 'stack', { get: () => 'a line of this machine', configurable: true });
    try {
      const master = await Master.open(Incidents, { name: 'a', store: new MemoryStore() });
      const { first } = master.model;
      expect(['stack' in first, first.stack]).toEqual([false, undefined]);
      await master.close();
    } finally {
      Reflect.deleteProperty(Error.prototype, 'stack');
    }
  });
});

describe('a transaction', () => {
  const REFUSED: [string, RegExp, (model: Incidents) => unknown][] = [
    ['reads it', /^The stack of a stored RangeError was read/, (m) => m.last?.stack],
    ['reads it of the first', /^The stack of a stored TypeError was read/, (m) => Reflect.get(m.first, 'stack')],
    ['writes it', /^RangeError\.stack of a stored error was written/, (m) => ((m.last as Error).stack = 'x')],
    ['sets it', /stack of a stored error was written/, (m) => Reflect.set(m.last as Error, 'stack', 'x')],
    [
      'defines it',
      /stack of a stored error was written/,
      (m) => Object.defineProperty(m.last as Error, 'stack', { value: 'x', writable: true, configurable: true }),
    ],
    ['assigns it', /stack of a stored error was written/, (m) => Object.assign(m.last as Error, { stack: 'x' })],
    [
      'stores a frozen one with a stack',
      /^Incidents\.last would hold a frozen RangeError with its stack.*delete error\.stack/,
      (m) => (m.last = Object.freeze(new RangeError('r'))),
    ],
    [
      'stores a sealed one, deep in a new object',
      /\.cause would hold a closed Failure with its stack/,
      (m) => (m.last = new Error('m', { cause: Object.seal(new Failure('f')) })),
    ],
    [
      'stores an object that Error.captureStackTrace gave one',
      /^Object\.stack was put there by Error\.captureStackTrace/,
      (m) => {
        const plain = { message: 'm' };
        Error.captureStackTrace(plain);
        (m as unknown as { last: object }).last = plain;
      },
    ],
  ];
  test.each(REFUSED)('that %s is refused, in every way', async (_, message, body) => {
    BODY = body;
    const run = (model: Incidents): void => model.run();
    const master = await Master.open(Incidents, { name: 'a', store: new MemoryStore() });
    master.model.keep('of the language');
    expect(() => {
      run(master.model as Incidents);
    }).toThrow(
      expect.objectContaining({ code: 'UNSUPPORTED_STATE', message: expect.stringMatching(message) as string }),
    );
    await master.close();
    await everyWay(Incidents, {
      calls: [(model) => model.keep('of the language'), run],
      ask: ({ last }) => answers(last as Error),
    });
  });

  test('may delete what is not there', async () => {
    BODY = ({ last }) => delete (last as Error).stack;
    const { outcomes } = await everyWay(Incidents, { calls: [(m) => m.keep('of the language'), (m) => m.run()] });
    expect(outcomes.map(({ error }) => error)).toEqual([undefined, undefined]);
  });

  test('outside of one it is no write of a model', async () => {
    const master = await Master.open(Incidents, { name: 'a', store: new MemoryStore() });
    expect(() => ((master.model as Incidents).first.stack = 'x')).toThrow(
      expect.objectContaining({ code: 'WRITE_OUTSIDE_TRANSACTION' }),
    );
    await master.close();
  });
});

test('a model that begins with a frozen error that has a stack is refused', async () => {
  @Prevalent('frozen-error-at-the-start')
  class Frozen {
    readonly first = Object.freeze(new Error('m'));
  }
  await expect(Master.open(Frozen, { name: 'a', store: new MemoryStore() })).rejects.toThrow(
    expect.objectContaining({
      code: 'UNSUPPORTED_STATE',
      message: expect.stringMatching(/delete error\.stack/) as string,
    }),
  );
});

describe('undo', () => {
  @Prevalent('undone-errors', { classes: { failure: Failure } })
  class Undone {
    last: unknown = null;
  }

  test.each(Object.keys(ERRORS))('%s: gives what left the state its stack again, in its place', (kind) => {
    const managed = new Managed(Undone);
    const error = (ERRORS[kind] as () => Error)();
    const before = Object.getOwnPropertyDescriptors(error);
    const { undo } = managed.apply((model) => (model.last = error));
    expect(Reflect.ownKeys(error)).not.toContain('stack');
    managed.undo(undo);
    expect(Object.getOwnPropertyDescriptors(error)).toEqual(before);
    // What is fixed cannot be moved behind it.
    const others = (keys: PropertyKey[]): PropertyKey[] =>
      keys.filter((key) => error.name !== 'Failure' || key !== 'stack');
    expect(others(Reflect.ownKeys(error))).toEqual(others(Reflect.ownKeys(before)));
  });

  test('of a call that was refused when it ended', () => {
    const managed = new Managed(Undone);
    const error = new Error('kept by the caller');
    const { stack } = error;
    expect(() => managed.transact((model) => (model.last = [error, () => 1]))).toThrow(/holds a function/);
    expect(error.stack).toBe(stack);
  });

  test('an error with a message that is deleted and put back', () => {
    const managed = new Managed(Undone);
    const error = Object.assign(new Error('m'), { code: 1, more: 2 });
    const before = Reflect.ownKeys(error);
    const logs = [
      managed.apply((model) => (model.last = error)).undo,
      managed.apply((model) => delete (model.last as { code?: number }).code).undo,
    ];
    managed.undo(...logs);
    expect(Reflect.ownKeys(error)).toEqual(before);
  });
});

test('a copy of an error of no model keeps its stack, and so does one that only the result holds', () => {
  const error = new Failure('f');
  expect(copyOf(error).stack).toBe(error.stack);
  const managed = new Managed(Incidents);
  const result = managed.transact((model) => {
    model.last = new Error('stored');
    return { error };
  });
  expect(result.error).not.toBe(error);
  expect(result.error.stack).toBe(error.stack);
});
