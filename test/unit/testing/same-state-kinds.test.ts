/** Every kind of value that a state may hold, each with one difference: found raw, through guards, and wherever a guard stands. */
import { Master, MemoryStore, Transaction } from 'prevalent';
import { assertSameState } from 'prevalent/testing';
import { bits, DIFFERENCES, known } from './different-values.js';

const MAKERS = DIFFERENCES.flatMap(([, one, other]) => [one, other]);

@known('same-state-kinds')
class Model {
  held: unknown = null;
  @Transaction() hold(maker: number): void {
    this.held = { deep: [MAKERS[maker]?.()] };
  }
}

async function holding(make: () => unknown): Promise<Master<Model>> {
  const master = await Master.open(Model, { name: 'one', store: new MemoryStore() });
  master.model.hold(MAKERS.indexOf(make));
  return master;
}

interface Held {
  readonly deep: readonly [unknown];
}

/** What is compared, of one master. */
const LOOKS: Record<string, (master: Master<Model>) => object | Promise<object>> = {
  'the masters': (master) => master,
  'the models': ({ model }) => model,
  'an object of each': ({ model }) => model.held as Held,
  'guards in objects of the test': ({ model }) => ({ list: [new Map([['k', (model.held as Held).deep[0]]])] }),
  'raw states': (master) => master.query((raw) => raw),
  'states of the past': (master) => master.at(new Date(8.64e15)),
  'models of closed masters': async (master) => {
    await master.close();
    return master.model;
  },
};

describe.each(DIFFERENCES)('%s', (_, one, other) => {
  test.each(Object.entries(LOOKS))('in %s', async (_look, look) => {
    const masters = [await holding(one), await holding(other), await holding(one)] as const;
    const [left, right, like] = [await look(masters[0]), await look(masters[1]), await look(masters[2])];
    assertSameState(left, like);
    for (const [mine, theirs] of [
      [left, right],
      [right, left],
    ] as const)
      expect(() => {
        assertSameState(mine, theirs);
      }).toThrow(/^The states differ at model\b/);
    for (const master of masters) await master.close();
  });
});

test.each<[string, unknown, unknown]>([
  ['memory', new ArrayBuffer(1), new ArrayBuffer(2)],
  ['bytes of memory', bits(1), bits(2)],
  ['shared memory', new SharedArrayBuffer(1), new SharedArrayBuffer(2)],
  ['boxed numbers', Object(1), Object(2)],
  ['boxed symbols', Object(Symbol.for('a')), Object(Symbol.for('b'))],
  [
    'accessors',
    {
      get a() {
        return 1;
      },
    },
    {
      get a() {
        return 2;
      },
    },
  ],
  [
    'an accessor and a field',
    {
      get a() {
        return undefined;
      },
    },
    { a: undefined },
  ],
  ['an object that is not what its prototype says', Object.create(Map.prototype), new Map()],
  ['a Map without its prototype', Object.setPrototypeOf(new Map([[1, 1]]), null), Object.create(null)],
  [
    'Maps without their prototypes',
    Object.setPrototypeOf(new Map([[1, 1]]), null),
    Object.setPrototypeOf(new Map([[1, 2]]), null),
  ],
])('%s, which is in no state, is seen as well', (_, one, other) => {
  assertSameState([one], [one]);
  expect(() => {
    assertSameState([one], [other]);
  }).toThrow(/^The states differ at model\[0\]/);
});
