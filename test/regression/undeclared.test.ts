/** What a hold says when events or snapshots name something that this program's model does not declare: what, and what to do. */
import { Master, type MergedEvent, MemoryStore, Prevalent, Transaction } from 'prevalent';

class Money {
  constructor(readonly cents: number) {}
}
class Note {
  constructor(readonly text: string) {}
}
const red = { colour: 'red', shades: [{ dark: true }] };
const money = {
  class: Money,
  encode: (value: object) => (value as Money).cents,
  decode: (cents: unknown) => new Money(Number(cents)),
};

interface Board {
  mark: unknown;
  set(mark: unknown): void;
  pick(): void;
}

type Declared = Parameters<typeof Prevalent>[1];

/** A program whose model declares these. */
function programWith(declared: Declared, mark: () => unknown = () => null): new () => Board {
  @Prevalent('board-of-undeclared', declared)
  class Model implements Board {
    mark: unknown = null;
    @Transaction() set(mark: unknown): void {
      this.mark = mark;
    }
    @Transaction() pick(): void {
      this.mark = [{ inner: mark() }];
    }
  }
  return Model;
}

const CASES: readonly (readonly [what: string, declared: Declared, mark: () => unknown, says: RegExp])[] = [
  [
    'a constant',
    { constants: { red } },
    () => red.shades[0],
    /the constant red\/shades\/0, which this program does not declare\. Add it: @Prevalent\(…, \{ constants: \{ 'red': … \} \}\)/,
  ],
  [
    'a value',
    { values: { money } },
    () => new Money(5),
    /the value money, which this program does not declare\. Add it: @Prevalent\(…, \{ values: \{ 'money': \{ class, encode, decode \} \} \}\)/,
  ],
  [
    'an instance of a class',
    { classes: { note: Note } },
    () => new Note('a'),
    /instances of note, a class this program does not name\. Add it: @Prevalent\(…, \{ classes: \{ note: note \} \}\)/,
  ],
];

describe.each(CASES)('%s', (_, declared, mark, says) => {
  const message = expect.stringMatching(says) as string;

  test('in a call: the stream is held, with the remedy', async () => {
    const store = new MemoryStore();
    const writer = await Master.open(programWith(declared), { name: 'writer', store });
    writer.model.set([{ inner: mark() }]);
    await writer.close();
    const reader = await Master.open(programWith({}), { name: 'reader', store });
    expect((await reader.status()).held).toMatchObject([{ master: 'writer', reason: 'arguments', message }]);
    await reader.close();
    await expect(Master.open(programWith({}), { name: 'writer', store })).rejects.toMatchObject({
      code: 'MODEL_OUTDATED',
      message,
    });
    const upgraded = await Master.open(programWith(declared), { name: 'reader', store });
    const events: MergedEvent[] = [];
    for await (const event of upgraded.events()) events.push(event);
    expect(events).toHaveLength(1);
    await upgraded.close();
  });

  test('in a snapshot that stands in for what is deleted: a newcomer is told, with the remedy', async () => {
    const store = new MemoryStore();
    let now = 3_600_000;
    const options = { store, now: () => now++, retention: 0, patience: 3_600_000 };
    const writer = await Master.open(programWith(declared, mark), { ...options, name: 'writer', sealer: true });
    for (let i = 0; i < 3; i++) {
      writer.model.pick();
      await writer.sync();
      now += 3_600_000;
      await writer.compact();
    }
    await writer.close();
    const newcomer = await Master.open(programWith({}), { ...options, name: 'reader' });
    const { held, notices } = await newcomer.status();
    expect(held).toMatchObject([{ master: 'writer', message }]);
    expect(notices).toMatchObject([message]);
    expect((await newcomer.sync()).held).toMatchObject([{ master: 'writer', message }]);
    expect(newcomer.model.mark).toBeNull();
    await newcomer.close();
  });
});
