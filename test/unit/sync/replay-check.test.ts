import { Master, MemoryStore, Prevalent, Transaction } from '../../../src/index.js';
import { scenario } from '../../../src/testing/index.js';

let outside = 0;

class Part {
  constructor(
    readonly name: string,
    public stamp = 0,
  ) {}
}

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
  ['zone', [], /log\.0\.0 is .* and then Pacific/],
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
