/** What one transaction costs that adds very many objects to a list and moves them, alone and with a listener. */
import { strict as assert } from 'node:assert';
import { type DeepReadonly, Master, MemoryStore, Prevalent, Transaction } from '../src/index.js';
import { duration, measure, printTable } from './harness.js';

interface Entry {
  rank: number;
}

@Prevalent('bench-lists')
class Lists {
  list: Entry[] = [];

  @Transaction() push(count: number): void {
    for (let rank = 0; rank < count; rank++) this.list.push({ rank });
  }

  @Transaction() pushAndSort(count: number): void {
    this.push(count);
    this.list.sort((left, right) => right.rank - left.rank);
  }

  @Transaction() pushAndReverse(count: number): void {
    this.push(count);
    this.list.reverse();
  }

  @Transaction() clear(): void {
    this.list = [];
  }
}

/** Times per object: they stay the same where the work is linear. */
export async function longLists(quick: boolean): Promise<void> {
  const rows: string[][] = [];
  for (const count of [1_000, 10_000, 100_000, ...(quick ? [] : [1_000_000])]) {
    const alone = await open();
    const watched = await open();
    let told = 0;
    watched.on('event', ({ changes }) => (told += changes?.length ?? 0));
    const contender = (
      name: string,
      { model }: Master<Lists>,
      run: (model: DeepReadonly<Lists>) => void,
    ): Parameters<typeof measure>[1][0] => ({
      name,
      operations: count,
      run: () => {
        run(model);
      },
      restore: () => {
        model.clear();
      },
    });
    const timings = await measure(3, [
      contender('push', alone, (model) => {
        model.push(count);
      }),
      contender('sort', alone, (model) => {
        model.pushAndSort(count);
      }),
      contender('reverse', alone, (model) => {
        model.pushAndReverse(count);
      }),
      contender('push, told', watched, (model) => {
        model.push(count);
      }),
    ]);
    assert(told >= count);
    rows.push([String(count), ...timings.map(({ median }) => duration(median))]);
    await alone.close();
    await watched.close();
  }
  const head = ['objects', 'push', 'push, then sort', 'push, then reverse', "push, with on('event')"];
  printTable('One transaction that adds objects to a list, per object', head, rows);
}

function open(): Promise<Master<Lists>> {
  return Master.open(Lists, { name: 'bench', store: new MemoryStore(), snapshotEvery: 1e9 });
}
