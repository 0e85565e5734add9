import { Master, MemoryStore, Prevalent, Transaction } from '../../src/index.js';

const NOON = Date.UTC(2026, 5, 1, 12);

/** Things a model may throw that cannot be turned into text as usual. */
const STRANGE = {
  'an object without a prototype': (): unknown => Object.create(null),
  'one with a code': (): unknown => Object.assign(Object.create(null) as object, { code: 'CLOSED' }),
  'an error whose message throws': (): unknown =>
    Object.defineProperty(new Error(), 'message', {
      get: () => {
        throw new Error('no message');
      },
    }),
  'an object whose toString throws': (): unknown => ({
    toString: () => {
      throw new Error('no text');
    },
  }),
};

@Prevalent('strange-throws')
class Shop {
  readonly sold: string[] = [];
  closed = false;
  @Transaction() sell(what: string, thrown: keyof typeof STRANGE): void {
    if (this.closed) throw STRANGE[thrown]();
    this.sold.push(what);
  }
  @Transaction() shut(): void {
    this.closed = true;
  }
  @Transaction() open(): void {
    this.closed = false;
  }
}

test.each(Object.keys(STRANGE) as (keyof typeof STRANGE)[])(
  'a late event makes earlier calls throw %s: they are rejected, all masters agree, the sync resolves',
  async (thrown) => {
    const store = new MemoryStore();
    let now = NOON;
    const clock = { store, now: () => now };
    const c = await Master.open(Shop, { name: 'c', ...clock });
    const a = await Master.open(Shop, { name: 'a', ...clock });
    const b = await Master.open(Shop, { name: 'b', ...clock });
    const soldBy = (master: Master<Shop>): string[] => master.query(({ sold }) => [...sold]);
    a.model.shut();
    now += 1000;
    c.model.open();
    now += 1000;
    b.model.sell('x', thrown);
    b.model.sell('y', thrown);
    await a.sync();
    expect((await b.sync()).rejected).toBe(2);
    expect(soldBy(b)).toEqual([]);
    expect(b.rejections().map(({ args }) => args[0])).toEqual(['x', 'y']);
    expect((await b.status()).readOnly).toBeUndefined();
    // Between them opens another one; what was rejected is applied after all.
    await c.sync();
    await b.sync();
    await a.sync();
    for (const master of [a, b, c]) {
      expect(soldBy(master)).toEqual(['x', 'y']);
      expect(master.rejections()).toEqual([]);
      await master.close();
    }
  },
);
