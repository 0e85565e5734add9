import { Master, Prevalent, Transaction } from '../../src/index.js';
import { FolderNetwork } from '../../src/testing/index.js';

@Prevalent('partial-history')
class Words {
  readonly all: string[] = [];
  @Transaction() add(word: string): void {
    this.all.push(word);
  }
}

const END_OF_TIME = new Date(8e15);

async function listed(master: Master<Words>): Promise<unknown[]> {
  const words: unknown[] = [];
  for await (const { args } of master.events()) words.push(args[0]);
  return words;
}

test('events() and at() throw JOURNAL_DAMAGED rather than skip what cannot be read', async () => {
  const network = new FolderNetwork(['a', 'b']);
  const disk = network.disk('a');
  const b = await Master.open(Words, network.place('b'));
  for (const word of ['1', '2', '3']) b.model.add(word);
  await b.close();
  network.deliverAll();
  const first = await Master.open(Words, network.place('a'));
  first.model.add('mine');
  await first.snapshot();
  await first.close();
  // All of it is in the snapshot: nothing but the files knows the single events.
  const a = await Master.open(Words, network.place('a'));
  const path = disk.paths().find((one) => one.startsWith('/shared/b/') && one.endsWith('.ndjson'))!;
  const whole = disk.peek(path)!;
  const damaged = whole.slice();
  damaged[new TextDecoder().decode(whole).indexOf('"2"') + 1]! ^= 1;
  const breakages: (() => void)[] = [
    () => {
      disk.put(path, damaged);
    },
    () => {
      disk.remove(path);
    },
  ];
  for (const breakage of breakages) {
    breakage();
    await expect(listed(a)).rejects.toMatchObject({ code: 'JOURNAL_DAMAGED' });
    // A snapshot of that very moment answers without the journal.
    expect((await a.at(END_OF_TIME)).all).toEqual(['1', '2', '3', 'mine']);
    await expect(a.at(new Date(0))).rejects.toMatchObject({ code: 'JOURNAL_DAMAGED' });
    expect(a.query(({ all }) => all)).toEqual(['1', '2', '3', 'mine']);
  }
  disk.put(path, whole);
  expect(await listed(a)).toEqual(['1', '2', '3', 'mine']);
  expect((await a.at(END_OF_TIME)).all).toEqual(['1', '2', '3', 'mine']);
  await a.close();
});

test('events() shows calls that are in memory only as well', async () => {
  const network = new FolderNetwork(['a']);
  const a = await Master.open(Words, { ...network.place('a'), durability: 'none' });
  await a.transact((words) => words.add('on disk'));
  a.model.add('in memory');
  expect(await listed(a)).toEqual(['on disk', 'in memory']);
  expect((await a.at(END_OF_TIME)).all).toEqual(['on disk', 'in memory']);
  await a.close();
});
