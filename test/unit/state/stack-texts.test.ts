/**
 * The text of a stack names files of one machine, and each engine writes its own. Where the engine asks a function for the text, a
 * transaction reads one without frames; elsewhere check: 'replay' finds it where it becomes data.
 */
import { Master, MemoryStore, Prevalent, Transaction } from 'prevalent';
import { everyWay } from '../../every-way.js';

const deep = (depth: number): string => (depth === 0 ? String(new Error('x').stack) : deep(depth - 1));

/** Ways to get at it. */
const STACKS: Record<string, () => unknown> = {
  'of a new error': () => new Error('x').stack,
  'of an error of the engine': () => {
    try {
      return (null as unknown as { a: unknown }).a;
    } catch (error) {
      return (error as Error).stack;
    }
  },
  captured: () => {
    const holder: { stack?: string } = {};
    Error.captureStackTrace(holder);
    return holder.stack;
  },
  'of a class of errors': () => new (class extends RangeError {})('x').stack,
  'of a call that is deeper than any stack is long': () => deep(500),
  'the first of its frames': () => new Error('x').stack?.split('\n')[1],
  'the number of its lines': () => new Error('x').stack?.split('\n').length,
};

@Prevalent('stack-texts')
class Model {
  held: unknown = null;
  @Transaction() hold(what: string): void {
    this.held = STACKS[what]?.();
  }
  @Transaction() give(what: string): unknown {
    return STACKS[what]?.();
  }
  @Transaction() decide(what: string): void {
    throw new Error(String(STACKS[what]?.()));
  }
  @Transaction() fail(): void {
    throw new RangeError('as always');
  }
  @Transaction() harmless(): void {
    this.held = [new Error('x').stack?.split('\n')[0], String(new Error('y'))];
  }
}

const limit = (): PropertyDescriptor | undefined => Object.getOwnPropertyDescriptor(Error, 'stackTraceLimit');
const usual = Error.stackTraceLimit;

afterEach(() => {
  Error.stackTraceLimit = usual;
});

/** As on an engine that asks no function. */
function askNoFunction(): () => void {
  const before = Object.getOwnPropertyDescriptor(Error, 'prepareStackTrace');
  Object.defineProperty(Error, 'prepareStackTrace', { get: () => undefined, set: () => undefined, configurable: true });
  return () => {
    if (before === undefined) Reflect.deleteProperty(Error, 'prepareStackTrace');
    else Object.defineProperty(Error, 'prepareStackTrace', before);
  };
}

test.each(Object.keys(STACKS))('the stack %s is the same however a master runs the call', async (what) => {
  const calls = (['hold', 'give', 'decide'] as const).map(
    (call) =>
      (model: Model): void =>
        void model[call](what),
  );
  const deeper = (model: Model, depth: number): void => (depth === 0 ? calls[0]?.(model) : deeper(model, depth - 1));
  await everyWay(Model, { early: [(model) => deeper(model, 9)], calls });
});

test('a stack that was read inside has no frames; after the call, an error that leaves it has them', async () => {
  const master = await Master.open(Model, { name: 'a', store: new MemoryStore() });
  master.model.hold('of a new error');
  expect(master.query(({ held }) => String(held).split('\n'))).toEqual([
    'Error: x',
    '    at a transaction (frames differ between machines: read the stack after the call)',
  ]);
  const prepare = Error.prepareStackTrace;
  expect(() => master.model.fail()).toThrow(
    expect.objectContaining({ stack: expect.stringMatching(/fail.*stack-texts/) }),
  );
  expect(Error.prepareStackTrace).toBe(prepare);
  await master.close();
});

describe.each([1, 10, 100])('where the engine asks no function, with stacks of %d frames', (frames) => {
  let asItWas = (): void => undefined;
  beforeEach(() => {
    asItWas = askNoFunction();
  });
  afterEach(() => asItWas());

  test.each(Object.keys(STACKS))('the stack %s', async (what) => {
    const master = await Master.open(Model, { name: 'a', store: new MemoryStore(), check: 'replay' });
    Error.stackTraceLimit = frames;
    const before = limit();
    for (const call of ['hold', 'give', 'decide'] as const)
      expect(() => master.model[call](what)).toThrow(
        expect.objectContaining({ code: 'NON_DETERMINISTIC_TRANSACTION' }),
      );
    expect(limit()).toEqual(before);
    expect(master.model.held).toBeNull();
    await master.close();
  });

  test('errors that leave the call have their usual stack, and their first line may be kept', async () => {
    const master = await Master.open(Model, { name: 'a', store: new MemoryStore(), check: 'replay' });
    Error.stackTraceLimit = frames;
    let thrown: unknown;
    try {
      master.model.fail();
    } catch (error) {
      thrown = error;
    }
    const lines = String((thrown as Error).stack).split('\n');
    expect(lines[0]).toBe('RangeError: as always');
    expect(lines.length).toBeLessThanOrEqual(frames + 1);
    expect(lines[1]).toMatch(/fail.*stack-texts/);
    master.model.harmless();
    expect(master.query(({ held }) => held)).toEqual(['Error: x', 'Error: y']);
    await master.close();
  });
});
