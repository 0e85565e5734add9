/** What opens masters in prevalent/testing checks each call by a replay, unless it is told not to. */
import { randomUUID } from 'node:crypto';
import { Master, MemoryStore, Prevalent, type Store, Transaction } from 'prevalent';
import { FolderNetwork, RemoteMemoryServer, RemoteMemoryStore, scenario, testMaster } from 'prevalent/testing';

@Prevalent('tested-tickets')
class Tickets {
  readonly ids: string[] = [];
  @Transaction() issue(): void {
    this.ids.push(randomUUID()); // not replaced: it is no global
  }
  @Transaction() mark(): void {
    this.ids.push(crypto.randomUUID());
  }
}

const soon = async (): Promise<void> => undefined;
const remote = (): Store =>
  new RemoteMemoryStore(new RemoteMemoryServer(), { travel: soon, pause: soon, fate: () => 'answered' });

const refused = expect.objectContaining({ code: 'NON_DETERMINISTIC_TRANSACTION' }) as Error;

const openings: readonly (readonly [string, () => Promise<Master<Tickets>>])[] = [
  ['testMaster', () => testMaster(Tickets)],
  ['testMaster on a store', () => testMaster(Tickets, { name: 'desk', store: new MemoryStore() })],
  ['testMaster over a network', () => testMaster(Tickets, { store: remote() })],
  ['a machine of a FolderNetwork', () => Master.open(Tickets, new FolderNetwork(['desk']).place('desk'))],
];

test.each(openings)('%s refuses what differs on a replay', async (_, open) => {
  await using master = await open();
  expect(() => {
    master.model.issue();
  }).toThrow(refused);
  master.model.mark();
  expect(master.model.ids).toHaveLength(1);
});

test('a scenario tells it as the error of its step', async () => {
  const end = await scenario(Tickets).when((tickets) => tickets.issue());
  expect(end.error).toEqual(refused);
});

test('the check can be left out where its time counts', async () => {
  await using desk = await testMaster(Tickets, { check: 'none' });
  await using phone = await Master.open(Tickets, { ...new FolderNetwork(['phone']).place('phone'), check: 'none' });
  for (const { model } of [desk, phone]) {
    model.issue();
    expect(model.ids).toHaveLength(1);
  }
});
