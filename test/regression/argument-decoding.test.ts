import { Master, MemoryStore, Prevalent, Transaction } from '../../src/index.js';

class Note {
  readonly id = crypto.randomUUID();
  readonly made = Date.now();
  readonly chance = Math.random();
  text = '';
}

@Prevalent('argument-decoding', { classes: [Note] })
class Notes {
  readonly all: Note[] = [];
  @Transaction({ args: () => [Note] }) add(note: Partial<Note>): number {
    this.all.push(note as Note);
    return Date.now();
  }
}

const NOON = Date.UTC(2026, 5, 1, 12);

test("constructors of class-typed parameters see the transaction's time and randomness, the same on all masters", async () => {
  const store = new MemoryStore();
  const first = await Master.open(Notes, { name: 'first', store, now: () => NOON });
  expect(first.model.add({ text: 'hi' })).toBe(NOON);
  await first.sync();
  const second = await Master.open(Notes, { name: 'second', store, now: () => NOON + 5000 });
  const stateOf = (master: Master<Notes>): string => master.query(({ all }) => JSON.stringify(all));
  const state = stateOf(first);
  expect(JSON.parse(state)).toMatchObject([{ made: NOON, text: 'hi' }]);
  expect(stateOf(second)).toBe(state);
  await first.close();
  const reopened = await Master.open(Notes, { name: 'first', store, now: () => NOON + 9000 });
  expect(stateOf(reopened)).toBe(state);
  // What listeners and readers of the history get is made in the same way.
  for (const master of [reopened, second])
    for await (const { args } of master.events()) expect(JSON.stringify(args)).toBe(state);
  await reopened.close();
  await second.close();
});
