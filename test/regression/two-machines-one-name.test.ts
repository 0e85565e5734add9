import { Master, Prevalent, Transaction } from '../../src/index.js';
import { FolderNetwork } from '../../src/testing/index.js';

@Prevalent('two-machines-one-name')
class Words {
  readonly all: string[] = [];
  @Transaction() add(word: string): void {
    this.all.push(word);
  }
}

test('two machines that run the same name at the same time write two streams, and nothing is lost or mixed', async () => {
  const network = new FolderNetwork(['a', 'reader']);
  const first = await Master.open(Words, network.place('a'));
  await first.transact((words) => words.add('first'));
  await first.sync();
  // The whole folder copied to another machine, without the private directory.
  network.add('copy');
  for (const path of network.disk('a').paths())
    if (path.startsWith('/shared/')) network.disk('copy').put(path, network.disk('a').peek(path)!);
  const second = await Master.open(Words, { ...network.place('copy'), name: 'a' });
  expect((await second.status()).notices.join()).toMatch(
    /knows nothing of its newest journal, so it continues in a new epoch/,
  );
  for (const round of ['1', '2']) {
    await first.transact((words) => words.add(`first ${round}`));
    await second.transact((words) => words.add(`second ${round}`));
    await first.sync();
    await second.sync();
    // Both copies of the folder are synchronised with each other: each has files that only it writes.
    for (const [from, to] of [
      ['a', 'copy'],
      ['copy', 'a'],
    ] as const) {
      const epoch = (await (from === 'a' ? first : second).status()).epoch;
      for (const path of network.disk(from).paths())
        if (path.startsWith(`/shared/a/${epoch}/`)) network.disk(to).put(path, network.disk(from).peek(path)!);
    }
  }
  // That a name has another stream is looked for now and then only, unless its own frontier tells.
  for (let i = 0; i < 100; i++) for (const one of [first, second]) await one.sync();
  const words = first.query(({ all }) => [...all]);
  expect([...words].sort()).toEqual(['first', 'first 1', 'first 2', 'second 1', 'second 2']);
  expect(second.query(({ all }) => [...all])).toEqual(words);
  expect([...(await first.status()).held, ...(await second.status()).held]).toEqual([]);
  await first.close();
  await second.close();
});
