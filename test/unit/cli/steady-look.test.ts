import { steadyLook } from '../../../src/cli/steady-look.js';
import { FolderStore } from '../../../src/index.js';
import { inFolder } from '../../notebook-folder.js';

test(
  'looks again only if what it found is not good and somebody published meanwhile',
  inFolder(async (folder) => {
    const laptop = await folder.open('laptop');
    const store = new FolderStore(folder.shared);
    let looks = 0;
    const look = (changes: number) => async (): Promise<number> => {
      if (++looks <= changes) await laptop.transact((book) => book.write(`look ${looks}`)).then(() => laptop.sync());
      return looks;
    };
    expect(await steadyLook(store, look(2), (found) => found > 2)).toBe(3);
    looks = 0;
    // Nobody changes anything: that is how it is.
    expect(await steadyLook(store, look(0), () => false)).toBe(1);
    looks = 0;
    expect(await steadyLook(store, look(1), () => false)).toBe(2);
    looks = 0;
    // Somebody always does: it ends all the same.
    expect(await steadyLook(store, look(Infinity), () => false)).toBe(10);
  }),
);
