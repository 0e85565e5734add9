/** The text of a stack names files of one machine, and each engine writes its own: check: 'replay' finds it where it becomes data. */
import { Master, MemoryStore, Prevalent, Transaction } from 'prevalent';

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

describe.each([1, 10, 100])('with stacks of %d frames', (frames) => {
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
