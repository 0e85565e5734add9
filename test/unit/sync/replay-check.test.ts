import { Master, MemoryStore, Prevalent, Transaction } from '../../../src/index.js';
import { scenario } from '../../../src/testing/index.js';

let outside = 0;

class Part {
  constructor(
    readonly name: string,
    public stamp = 0,
  ) {}
}

/** What depends on where the machine stands, and what does not. */
const LOCAL = {
  getHours: () => new Date(2e12).getHours(),
  getTimezoneOffset: () => new Date(2e12).getTimezoneOffset(),
  toString: () => new Date(2e12).toString(),
  'a local date': () => new Date(2026, 0, 1).getTime(),
  'a parsed local date': () => Date.parse('2026-01-01T00:00'),
  setHours: () => new Date(2e12).setHours(0),
  'toLocaleString of a number': () => (1234.5).toLocaleString(),
  'toLocaleString of a bigint': () => 12_345n.toLocaleString(),
  'toLocaleString of a date': () => new Date(2e12).toLocaleString(),
  'toLocaleString of a list': () => [1234.5].toLocaleString(),
  'toLocaleString of bytes': () => new Float64Array([1234.5]).toLocaleString(),
  localeCompare: () => ['z', 'ö', 'ä'].sort((a, b) => a.localeCompare(b)).join(),
  toLocaleUpperCase: () => 'title'.toLocaleUpperCase(),
  'Intl.NumberFormat': () => new Intl.NumberFormat().format(1234.5),
  'Intl.DateTimeFormat, called': () => Intl.DateTimeFormat().format(new Date(2e12)),
  'Intl.Collator': () => ['z', 'ö'].sort(new Intl.Collator().compare).join(),
  'Intl.PluralRules': () => new Intl.PluralRules().resolvedOptions().locale,
  'the locale': () => new Intl.DateTimeFormat().resolvedOptions().locale,
} satisfies Record<string, () => unknown>;

const SAME = {
  'a named locale': () => (1234.5).toLocaleString('de-DE'),
  'a named zone': () => new Date(2e12).toLocaleString('en', { timeZone: 'UTC' }),
  'UTC methods': () => new Date(2e12).setUTCDate(3),
  toUpperCase: () => 'title'.toUpperCase(),
  'instanceof Intl': () => new Intl.NumberFormat('de') instanceof Intl.NumberFormat,
};
Object.assign(LOCAL, SAME);

@Prevalent('replay-check', { classes: [Part] })
class Machine {
  readonly parts = new Map<string, Part>();
  readonly names = new Set<string>();
  readonly log: unknown[] = [];
  total = 0;

  @Transaction() good(name: string, options: { tags: string[] }): Part {
    const part = new Part(name, Date.now());
    options.tags.push(crypto.randomUUID());
    this.parts.set(name, part);
    this.names.add(name);
    this.log.push({ at: new Date(), tags: options.tags, part, random: Math.random() });
    this.total += this.parts.size;
    return part;
  }
  @Transaction() value(): void {
    this.total = outside++;
  }
  @Transaction() nested(name: string): void {
    this.parts.set(name, new Part(name, outside++));
  }
  @Transaction() order(): void {
    const names = ['p', 'q'];
    if (outside++ % 2 === 0) names.reverse();
    for (const name of names) this.names.add(name);
  }
  @Transaction() sometimes(): void {
    if (outside++ % 2 === 0) this.log.push('even');
  }
  @Transaction() result(): number {
    return outside++;
  }
  @Transaction() throwing(): void {
    this.total = 5;
    throw new Error(`attempt ${outside++}`);
  }
  @Transaction() steady(): void {
    this.total = 5;
    throw new Error('always so');
  }
  @Transaction() zone(): void {
    this.log.push(process.env['TZ']);
  }
  @Transaction() weekly(start: Date, weeks: number): void {
    for (let i = 0; i < weeks; i++) {
      const day = new Date(start);
      day.setDate(day.getDate() + 7 * i);
      this.log.push(day);
    }
  }
  @Transaction() local(how: keyof typeof LOCAL): void {
    this.log.push(LOCAL[how]());
  }
  @Transaction() spoken(how: keyof typeof LOCAL): unknown {
    return LOCAL[how]();
  }
  @Transaction() chain(length: number, end?: string): object {
    let chain: object = { end: end ?? outside++ };
    for (let i = 0; i < length; i++) chain = { chain };
    this.log.push(chain);
    return chain;
  }
  @Transaction() row(length: number): number[] {
    const row = Array.from({ length }, (_, index) => index);
    this.log.push(row);
    return row;
  }
  @Transaction() clear(): void {
    this.parts.delete('a');
    this.names.clear();
    this.log.length = 0;
  }
}

async function checked(): Promise<Master<Machine>> {
  outside = 1;
  return Master.open(Machine, { name: 'a', store: new MemoryStore(), check: 'replay' });
}

test('deterministic calls run as without the check', async () => {
  const master = await checked();
  const { model } = master;
  const part = model.good('a', { tags: ['x'] });
  expect(part.name).toBe('a');
  model.good('b', { tags: [] });
  model.clear();
  model.good('c', { tags: [] });
  expect(model.total).toBe(5);
  expect([...model.parts.keys()]).toEqual(['b', 'c']);
  expect(model.parts.get('c')!.stamp).toBeGreaterThan(0);
  const events: string[] = [];
  for await (const { transaction } of master.events()) events.push(transaction);
  expect(events).toEqual(['good', 'good', 'clear', 'good']);
  expect(() => {
    model.steady();
  }).toThrow('always so');
  await master.close();
});

test.each([
  ['value', [], /: run twice from the same state, total is 1 and then 2/],
  ['nested', ['n'], /parts\.n\.stamp is 1 and then 2/],
  ['order', [], /names is p and then q/],
  ['sometimes', [], /log\.0 is unchanged and then splice/],
  ['result', [], /its result is 1 and then 2/],
  ['throwing', [], /what it throws is Error: attempt 1 and then Error: attempt 2/],
  ['zone', [], /log\.0\.0 is .* and then Europe/],
] as const)('%s is found, named, undone and not logged', async (name, args, message) => {
  const master = await checked();
  const before = JSON.stringify(master.model);
  const attempt = (): unknown => (master.model[name] as (...given: unknown[]) => unknown)(...args);
  expect(attempt).toThrow(expect.objectContaining({ code: 'NON_DETERMINISTIC_TRANSACTION' }) as Error);
  outside = 1;
  expect(attempt).toThrow(message);
  expect(JSON.stringify(master.model)).toBe(before);
  const events: unknown[] = [];
  for await (const event of master.events()) events.push(event);
  expect(events).toEqual([]);
  await master.close();
});

test('what a call makes may be deep or long', async () => {
  const master = await checked();
  master.model.chain(10_000, 'here');
  master.model.row(200_000);
  expect(master.query(({ log }) => log.length)).toBe(2);
  expect(() => master.model.chain(10_000)).toThrow(/chain\.chain\.end is 1 and then 2/);
  await master.close();
});

test('scenarios of the testing kit check by themselves', async () => {
  outside = 0;
  const end = await scenario(Machine).when((machine) => {
    machine.value();
  });
  expect(end.error).toMatchObject({ code: 'NON_DETERMINISTIC_TRANSACTION' });
  const good = await scenario(Machine)
    .given((machine) => machine.good('a', { tags: [] }))
    .when((machine) => machine.good('b', { tags: [] }));
  good.expect((machine) => {
    expect([...machine.parts.keys()]).toEqual(['a', 'b']);
  });
});

test('an unknown value of the option is refused', async () => {
  await expect(
    Master.open(Machine, { name: 'a', store: new MemoryStore(), check: 'always' as 'replay' }),
  ).rejects.toMatchObject({
    code: 'INVALID_OPTION',
  });
});

describe('where the machine stands', () => {
  const depends = Object.keys(LOCAL).filter((how) => !(how in SAME)) as (keyof typeof LOCAL)[];

  test.each(depends)('%s is found, in the state and in the result', async (how) => {
    const master = await checked();
    for (const call of [() => master.model.local(how), () => master.model.spoken(how)])
      expect(call).toThrow(expect.objectContaining({ code: 'NON_DETERMINISTIC_TRANSACTION' }));
    expect(master.query(({ log }) => log.length)).toBe(0);
    await master.close();
  });

  test.each(Object.keys(SAME))('%s is the same everywhere', async (how) => {
    const master = await checked();
    master.model.local(how as keyof typeof LOCAL);
    expect(master.query(({ log }) => log)).toEqual([SAME[how as keyof typeof SAME]()]);
    await master.close();
  });

  const starts = ['2026-03-20T09:00:00Z', '2026-03-01T12:00:00Z', '2026-10-20T09:00:00Z', '2026-01-15T12:00:00Z'];
  test.each(starts)('local days from %s on cross a change of the clocks somewhere', async (start) => {
    const master = await checked();
    const weeks = start.startsWith('2026-01') ? 26 : 3;
    expect(() => master.model.weekly(new Date(start), weeks)).toThrow(/is not deterministic: run twice from the same/);
    await master.close();
  });

  test('everything is as before afterwards', async () => {
    const seen = (): unknown[] => [
      new Date(2e12).getHours(),
      (1234.5).toLocaleString(),
      Intl.NumberFormat,
      String.prototype.localeCompare,
      Intl.DateTimeFormat().resolvedOptions().timeZone,
      process.env['TZ'],
    ];
    const before = seen();
    const master = await checked();
    master.model.clear();
    expect(() => master.model.local('getHours')).toThrow();
    expect(seen()).toEqual(before);
    await master.close();
  });
});
