import { appending } from './appending.js';
import { ending } from './ending.js';
import { failing } from './failing.js';
import { opening } from './opening.js';
import { ownership } from './ownership.js';
import type { Check, StorePlace, TestFunction } from './place.js';
import { reading } from './reading.js';
import { snapshots } from './snapshots.js';

/**
 * The contract of a `Store`, as tests: an adapter's whole test file is one call. Every point is checked on a store made anew,
 * never on what the writer still has in memory. Nothing is left out but what the store's capabilities say it cannot do. The suite uses
 * the language and web standards only, so that it runs in a browser as well.
 *
 * @param test the runner's `test` function
 * @param place makes an empty place and gives it; called once for each test
 */
export function storeContract(test: TestFunction, place: () => Promise<StorePlace>): void {
  const check: Check = (name, run) => {
    test(name, async () => run(await place(), place));
  };
  for (const points of [ownership, opening, reading, appending, snapshots, ending, failing]) points(check);
}
