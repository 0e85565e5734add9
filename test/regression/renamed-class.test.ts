/** A class of the state was renamed after history was sealed: what keeps the snapshot from being used is told, with the remedy. */
import { Master, MemoryStore, type MasterOptions, Prevalent, Transaction } from '../../src/index.js';

interface Book {
  readonly people: { name: string }[];
  add(name: string): void;
}

class Contact {
  constructor(public name: string) {}
}

class Person {
  constructor(public name: string) {}
}

function programWith(
  Class: new (name: string) => { name: string },
  classes: Record<string, typeof Class>,
): new () => Book {
  @Prevalent('address-book', { classes })
  class AddressBook implements Book {
    readonly people: { name: string }[] = [];
    @Transaction() add(name: string): void {
      this.people.push(new Class(name));
    }
  }
  return AddressBook;
}

const HOUR = 3_600_000;
const REMEDY = /instances of Contact, a class this program does not name.*classes: \{ Contact: TheNewName \}/;

async function sealedStore(): Promise<(name: string) => MasterOptions> {
  const store = new MemoryStore();
  let now = Date.UTC(2026, 0, 1);
  const options = (name: string): MasterOptions => ({
    name,
    store,
    now: () => now++,
    retention: 0,
    patience: 10 * HOUR,
  });
  const master = await Master.open(programWith(Contact, { Contact }), options('a'));
  for (const name of ['Ada', 'Grace', 'Edsger']) {
    master.model.add(name);
    await master.sync();
    now += HOUR;
    await master.compact();
  }
  await master.close();
  return options;
}

test('its own master says so when it is opened, and opens with the remedy', async () => {
  const options = await sealedStore();
  await expect(Master.open(programWith(Person, { Person }), options('a'))).rejects.toMatchObject({
    code: 'MODEL_OUTDATED',
    message: expect.stringMatching(REMEDY) as unknown,
  });
  const master = await Master.open(programWith(Person, { Contact: Person }), options('a'));
  expect(master.query(({ people }) => people.map(({ name }) => name))).toEqual(['Ada', 'Grace', 'Edsger']);
  expect(master.query(({ people }) => people[0])).toBeInstanceOf(Person);
  await master.close();
});

test('a newcomer says so in its status', async () => {
  const options = await sealedStore();
  const master = await Master.open(programWith(Person, { Person }), options('newcomer'));
  const { held, notices } = await master.status();
  expect(held).not.toEqual([]);
  expect(notices.join()).toMatch(REMEDY);
  await master.close();
});
