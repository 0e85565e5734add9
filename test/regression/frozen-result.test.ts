import { Master, MemoryStore, Prevalent, Transaction } from '../../src/index.js';

type Held = { done: boolean };
type Parts = { frozen: { holds: Held; list: number[] }; values: unknown[]; copy: object };

@Prevalent('frozen-result')
class Model {
  slot: unknown;
  @Transaction() build(): Parts {
    const frozen = Object.freeze({ holds: { done: false }, list: [1] });
    const copy = { ...frozen };
    this.slot = copy;
    return { frozen, values: Object.values(frozen), copy };
  }
  @Transaction() buildLast(): Parts {
    const frozen = Object.freeze({ holds: { done: false }, list: [1] });
    const copy = { ...frozen };
    this.slot = copy;
    return { copy, values: Object.values(frozen), frozen };
  }
  /** Of what the frozen object holds, one part is stored and one is not. */
  @Transaction() buildHalf(): Pick<Parts, 'frozen' | 'values'> {
    const frozen = Object.freeze({ holds: { done: false }, list: [1] });
    this.slot = frozen.list;
    return { frozen, values: Object.values(frozen) };
  }
  @Transaction() buildList(): unknown[] {
    const frozen = Object.freeze({ holds: { done: false }, list: [1] });
    const copy = { ...frozen };
    this.slot = copy;
    return [frozen, copy, Object.values(frozen)];
  }
}

test.each(['build', 'buildLast'] as const)(
  '%s: an object of the state is one guard wherever the result shows it',
  async (name) => {
    const master = await Master.open(Model, { name: 'a', store: new MemoryStore() });
    const { frozen, values, copy } = master.model[name]();
    const held = (master.model.slot as Parts['frozen']).holds;
    expect(frozen.holds === held).toBe(true);
    expect(values[0] === held).toBe(true);
    expect((copy as Parts['frozen']).holds === held).toBe(true);
    expect(() => {
      (frozen.holds as { done: boolean }).done = true;
    }).toThrow(expect.objectContaining({ code: 'WRITE_OUTSIDE_TRANSACTION' }));
    await master.close();
  },
);

test('the same in a list', async () => {
  const master = await Master.open(Model, { name: 'a', store: new MemoryStore() });
  const [frozen, , values] = master.model.buildList() as [Parts['frozen'], unknown, unknown[]];
  const held = (master.model.slot as Parts['frozen']).holds;
  expect([frozen.holds === held, values[0] === held]).toEqual([true, true]);
  await master.close();
});

test('what a frozen object shows guarded is that guard everywhere in the result, stored or not', async () => {
  const master = await Master.open(Model, { name: 'a', store: new MemoryStore() });
  const { frozen, values } = master.model.buildHalf();
  expect(frozen.list === master.model.slot).toBe(true);
  expect([values[0] === frozen.holds, values[1] === frozen.list]).toEqual([true, true]);
  await master.close();
});
