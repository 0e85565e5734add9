/** check: 'replay' finds every difference that a state or a result can have between two runs. */
import { Master, MemoryStore, Transaction } from 'prevalent';
import { DIFFERENCES, known } from '../testing/different-values.js';

let make: () => unknown = () => null;

@known('checked-kinds')
class Model {
  held: unknown = null;
  @Transaction() hold(): void {
    this.held = { deep: [make()] };
  }
  @Transaction() give(): unknown {
    return { deep: [make()] };
  }
  @Transaction() both(): unknown {
    const made = make();
    this.held = { deep: [made] };
    return [this.held];
  }
}

const refused = expect.objectContaining({
  code: 'NON_DETERMINISTIC_TRANSACTION',
  message: expect.stringMatching(/ is not deterministic: run twice from the same state, /) as string,
}) as Error;

/** Runs of a call make one and the other by turns. */
function byTurns(one: () => unknown, other: () => unknown): () => unknown {
  let turn = 0;
  return () => (turn++ % 2 === 0 ? one() : other());
}

const ORDERS: [what: string, one: () => unknown, other: () => unknown][] = DIFFERENCES.flatMap(([what, one, other]) => [
  [what, one, other],
  [`${what}, the other way round`, other, one],
]);

describe.each(['hold', 'give', 'both'] as const)('in %s', (call) => {
  test.each(ORDERS)('%s', async (_, one, other) => {
    const master = await Master.open(Model, { name: 'a', store: new MemoryStore(), check: 'replay' });
    make = byTurns(one, other);
    expect(() => master.model[call]()).toThrow(refused);
    expect(master.model.held).toBeNull();
    make = one;
    master.model[call]();
    await master.close();
  });
});

const accessor = (value: number): object => Object.defineProperty({}, 'a', { get: () => value, enumerable: true });

/** Only a result holds these. */
test.each<[string, () => unknown, () => unknown]>([
  ['memory', () => new ArrayBuffer(1), () => new ArrayBuffer(2)],
  ['bytes of memory', () => Uint8Array.of(1).buffer, () => Uint8Array.of(2).buffer],
  ['boxed numbers', () => Object(1), () => Object(2)],
  ['boxed booleans', () => Object(true), () => Object(false)],
  ['boxed texts', () => Object('a'), () => Object('b')],
  ['boxed bigints', () => Object(1n), () => Object(2n)],
  ['boxed symbols', () => Object(Symbol.for('a')), () => Object(Symbol.for('b'))],
  ['accessors', () => accessor(1), () => accessor(2)],
  ['an accessor and a field', () => accessor(1), () => ({ a: 1 })],
  ['search parameters', () => new URLSearchParams('a=1'), () => new URLSearchParams('a=2')],
  ['formats', () => new Intl.NumberFormat('de'), () => new Intl.NumberFormat('en')],
  ['locales', () => new Intl.Locale('de'), () => new Intl.Locale('en')],
  [
    'a field of a view',
    () => Object.assign(Uint8Array.of(1), { a: 1 }),
    () => Object.assign(Uint8Array.of(1), { a: 2 }),
  ],
  ['what is not what its prototype says', () => Object.create(Map.prototype), () => new Map()],
])('%s in a result', async (_, one, other) => {
  const master = await Master.open(Model, { name: 'a', store: new MemoryStore(), check: 'replay' });
  make = byTurns(one, other);
  expect(() => master.model.give()).toThrow(refused);
  make = one;
  master.model.give();
  await master.close();
});
