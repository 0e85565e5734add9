/** What is refused of values: in place of losing or changing them, by path, class and code. */
import { Master, MemoryStore, Prevalent, Transaction } from '../../../src/index.js';
import { ClassTable } from '../../../src/model/class-table.js';
import { definitionOf } from '../../../src/model/prevalent.js';
import { StateDecoder } from '../../../src/state/snapshot-decoder.js';
import { StateEncoder } from '../../../src/state/snapshot-encoder.js';

class Money {
  #cents: number;
  constructor(
    cents: number,
    readonly mood: 'good' | 'throws' | 'rich' | 'drifts' | 'strange' = 'good',
  ) {
    this.#cents = cents;
  }
  get cents(): number {
    return this.#cents;
  }
  add(cents: number): void {
    this.#cents += cents;
  }
}

class Purse {
  held: readonly Money[] = [];
}

@Prevalent('purse-of-values', {
  classes: { purse: Purse },
  values: {
    money: {
      class: Money,
      encode: ({ cents, mood }) => {
        if (mood === 'throws') throw new RangeError('no money');
        return mood === 'rich' ? { at: Infinity } : [cents, mood];
      },
      decode: ([cents, mood]: [number, Money['mood']]) =>
        mood === 'strange' ? (new Purse() as never) : new Money(cents + (mood === 'drifts' ? 1 : 0), mood),
    },
  },
})
class Wallet {
  money = new Money(0);
  list: unknown[] = [];
  byName = new Map<string, Money>();

  @Transaction() pay(money: Money): void {
    this.money = money;
  }
  @Transaction() make(where: 'field' | 'list' | 'map' | 'inside' | 'frozen', mood: Money['mood']): void {
    this.list.push('begun');
    const money = new Money(1, mood);
    if (where === 'field') this.money = money;
    else if (where === 'list') this.list.push(money);
    else if (where === 'map') this.byName.set('me', money);
    else if (where === 'frozen') this.list.push(Object.freeze({ money }));
    else this.list.push(Object.assign(new Purse(), { held: [money] }));
  }
  @Transaction() late(): void {
    const money = new Money(5);
    this.money = money;
    money.add(1);
  }
  @Transaction() spoil(): number {
    this.money.add(1);
    return this.money.cents;
  }
  @Transaction() read(): number {
    return this.money.cents;
  }
}

const open = (check: 'none' | 'replay' = 'none'): Promise<Master<Wallet>> =>
  Master.open(Wallet, { name: 'one', store: new MemoryStore(), check });

async function codeOf(call: (wallet: Wallet) => unknown): Promise<{ code: string; message: string; left: string }> {
  const master = await open();
  try {
    call(master.model as Wallet);
    throw new Error('nothing was refused');
  } catch (error) {
    const { code, message } = error as Error & { code: string };
    const left = master.query((raw) => JSON.stringify([raw.list, raw.money.cents, raw.byName.size]));
    return { code, message, left };
  } finally {
    await master.close();
  }
}

const UNTOUCHED = '[[],0,0]';
const WHYS = {
  throws: /encode of the value money threw RangeError: no money/,
  rich: /encode of the value money gave something that is not plain data \(at at: Infinity\)/,
  drifts: /the value money would come back as another one: encode gave \[1,"drifts"\], and after decode \[2,"drifts"\]/,
  strange: /decode of the value money gave no instance of its class, but an instance of Purse/,
} as const;
const PLACES = { field: 'Wallet.money', list: 'Array.0', map: 'Map.me', inside: 'Array.0' } as const;

describe.each(Object.entries(WHYS))('a value that %s', (mood, why) => {
  test.each(Object.entries(PLACES))('is refused in a %s, and the call undone', async (where, place) => {
    const { code, message, left } = await codeOf((wallet) => {
      wallet.make(where as keyof typeof PLACES, mood as keyof typeof WHYS);
    });
    expect(code).toBe('UNSUPPORTED_STATE');
    expect(message).toMatch(why);
    expect(message).toContain(where === 'list' ? 'Array.1' : place);
    expect(left).toBe(UNTOUCHED);
  });

  test('is refused as an argument, and nothing logged', async () => {
    const { code, message } = await codeOf((wallet) => {
      wallet.pay(new Money(1, mood as keyof typeof WHYS));
    });
    expect(code).toBe('UNCARRIABLE_ARGUMENT');
    expect(message).toMatch(why);
    expect(message).toContain('Argument 1 of pay');
  });
});

test('a value in a read-only property of a new object is refused: a copy could not take its place', async () => {
  const { code, message, left } = await codeOf((wallet) => {
    wallet.make('frozen', 'good');
  });
  expect(code).toBe('UNSUPPORTED_STATE');
  expect(message).toBe(
    'Object.money of a new object is read-only and holds a Money, of which the state keeps a copy of its own. Leave the property writable; tell libraries not to freeze what they are given: setAutoFreeze(false) in immer.',
  );
  expect(left).toBe(UNTOUCHED);
});

test('a value that is changed after it was stored is refused', async () => {
  const { code, message, left } = await codeOf((wallet) => {
    wallet.late();
  });
  expect(code).toBe('UNSUPPORTED_STATE');
  expect(message).toContain('Wallet.money holds a Money that was changed after it had been stored');
  expect(left).toBe(UNTOUCHED);
});

test('check finds a value that a call changes in place', async () => {
  const master = await open('replay');
  expect(() => master.model.spoil()).toThrow(
    expect.objectContaining({
      code: 'NON_DETERMINISTIC_TRANSACTION',
      message: expect.stringContaining(
        'spoil met a Money at money that was changed in place, by it or by what has read it before: it was [0,"good"] and is [1,"good"]',
      ),
    }),
  );
  await master.close();
});

test('check finds a value that was changed outside of calls', async () => {
  const master = await open('replay');
  expect(master.model.read()).toBe(0);
  master.model.money.add(7);
  expect(() => master.model.read()).toThrow(expect.objectContaining({ code: 'NON_DETERMINISTIC_TRANSACTION' }));
  await master.close();
});

function loaded(values: NonNullable<Parameters<typeof Prevalent<{ money: Money }>>[1]>['values'] | undefined): object {
  class Safe {
    slot: unknown;
  }
  Prevalent('safe-of-values', values === undefined ? {} : { values })(Safe);
  const decoder = new StateDecoder(new ClassTable(definitionOf(Safe)));
  for (const chunk of written) decoder.chunk(chunk);
  return decoder.finish();
}

const codec = { class: Money, encode: (one: Money) => one.cents, decode: (cents: number) => new Money(cents) };

const written = ((): Uint8Array[] => {
  class Safe {
    slot: unknown = [new Money(7), 'and'];
  }
  Prevalent('safe-of-values', { values: { money: codec } })(Safe);
  const encoder = new StateEncoder(new Safe(), new ClassTable(definitionOf(Safe)));
  const chunks: Uint8Array[] = [];
  while (!encoder.done) chunks.push(...encoder.advance(() => false));
  return chunks;
})();

test('a snapshot gives values back through decode', () => {
  const [money, and] = (loaded({ money: codec }) as { slot: [Money, string] }).slot;
  expect([money.cents, and]).toEqual([7, 'and']);
});

test.each([
  [
    'does not declare',
    undefined,
    /the value money, which this program does not declare\. Add it:.* values: \{ 'money'/,
  ],
  [
    'cannot decode',
    {
      money: {
        ...codec,
        decode: (): never => {
          throw new Error('too old');
        },
      },
    },
    /what this program cannot read: decode of the value money threw Error: too old/,
  ],
  [
    'decodes as something else',
    { money: { ...codec, decode: () => new Purse() as never } },
    /gave no instance of its class/,
  ],
])('a snapshot with a value that the program %s is refused, and is not damaged', (_, values, message) => {
  expect(() => loaded(values)).toThrow(
    expect.objectContaining({ code: 'SNAPSHOT_DAMAGED', isIntact: true, message: expect.stringMatching(message) }),
  );
});

test('a value that can no longer be encoded makes no snapshot', async () => {
  const master = await open();
  master.model.pay(new Money(2));
  Object.defineProperty(master.model.money, 'mood', { value: 'throws' });
  await expect(master.snapshot()).rejects.toMatchObject({
    message: expect.stringMatching(/encode of the value money threw/),
  });
  await master.close();
});
