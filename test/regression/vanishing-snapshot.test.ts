import { Master, Prevalent, Transaction } from '../../src/index.js';
import { FolderNetwork } from '../../src/testing/index.js';

@Prevalent('vanishing-snapshot')
class Words {
  readonly all: string[] = [];
  @Transaction() add(word: string): void {
    this.all.push(word);
  }
}

test('a snapshot that was taken is there after a power failure, and so is the folder it lies in', async () => {
  const network = new FolderNetwork(['a']);
  const master = await Master.open(Words, network.place('a'));
  await master.transact((words) => words.add('kept'));
  await master.snapshot();
  // No name is kept whose directory was not synced.
  network.crash(
    'a',
    () => 1,
    () => false,
  );
  expect(
    network
      .disk('a')
      .paths()
      .filter((path) => path.endsWith('.snapshot')),
  ).toHaveLength(1);
});
