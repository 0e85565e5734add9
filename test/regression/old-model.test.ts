import { Master, Prevalent, Transaction } from '../../src/index.js';
import { FolderNetwork } from '../../src/testing/index.js';

class Words {
  readonly all: string[] = [];
  note(word: string): void {
    this.all.push(word);
  }
}

/** The program that wrote the journal. */
function newer(): new () => Words & { insert(word: string): void } {
  @Prevalent('old-model')
  class Newer extends Words {
    @Transaction() insert(word: string): void {
      this.note(word);
    }
  }
  return Newer;
}

/** One from before `insert` was known. */
function older(): new () => Words & { add(word: string): void } {
  @Prevalent('old-model')
  class Older extends Words {
    @Transaction() add(word: string): void {
      this.note(word);
    }
  }
  return Older;
}

test('a program that does not know a call in its own journal is told MODEL_OUTDATED, and drops nothing', async () => {
  const network = new FolderNetwork(['a']);
  const first = await Master.open(newer(), network.place('a'));
  await first.transact((words) => words.insert('kept'));
  await first.close();
  await expect(Master.open(older(), network.place('a'))).rejects.toMatchObject({
    code: 'MODEL_OUTDATED',
    message: expect.stringMatching(/insert.*Nothing was dropped/),
  });
  const again = await Master.open(newer(), network.place('a'));
  expect(again.query(({ all }) => all)).toEqual(['kept']);
  await again.close();
});
