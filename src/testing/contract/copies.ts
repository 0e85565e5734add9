import type { Check } from './place.js';
import { same } from './verdict.js';
import { Writer } from './writer.js';

const NAME = `${'0'.repeat(25)}1`;

/** Copies of events that are gone from the files of their masters, for stores from whose files something can vanish. */
export function copies(check: Check): void {
  check('copies of events come back line by line, grow, and are removed, where a store takes them', async (at) => {
    const journal = await at.open().open(new Writer('a').request);
    const { copies: taken } = at.open();
    if (taken?.write === undefined || taken.drop === undefined) return journal.close();
    const of = { master: 'b', epoch: journal.header.epoch };
    const copy = { by: 'a', of, name: NAME };
    await taken.write(copy, 3, 'three\nfour\n');
    await taken.write(copy, 5, 'five\n');
    await taken.write({ ...copy, name: journal.header.epoch }, 1, 'another\n');
    const read = async (after: number, upTo: number): Promise<readonly string[] | undefined> =>
      at.open().copies?.read(copy, after, upTo);
    same(await read(2, 9), ['three', 'four', 'five']);
    same(await read(3, 4), ['four']);
    same(await read(0, 9), []);
    same(await at.open().read(of, 0, 9), [], 'what is read of the stream itself');
    await taken.drop(copy);
    await taken.drop(copy);
    same(await read(2, 9), []);
    same(await at.open().copies?.read({ ...copy, name: journal.header.epoch }, 0, 9), ['another']);
    await journal.close();
  });
}
