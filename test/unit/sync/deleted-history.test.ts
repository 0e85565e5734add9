import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Master, type MergedEvent, Prevalent, Transaction } from 'prevalent';

@Prevalent('deleted-history')
class Notes {
  readonly texts: string[] = [];
  @Transaction() add(text: string): void {
    this.texts.push(text);
  }
}

const DAY = 86_400_000;

async function textsOf(events: AsyncIterable<MergedEvent>): Promise<unknown[]> {
  const texts: unknown[] = [];
  for await (const { args } of events) texts.push(args[0]);
  return texts;
}

test('after deletion, what came after the seal can be listed, and nothing from before it', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'prevalent-deleted-'));
  let time = Date.UTC(2026, 0, 1);
  const master = await Master.open(Notes, {
    name: 'a',
    store: join(folder, 'shared'),
    local: join(folder, 'local'),
    now: () => time,
    retention: DAY,
  });
  let freed = 0;
  for (let day = 0; day < 4; day++) {
    master.model.add(`day ${day}`);
    time += 2 * DAY;
    freed += (await master.compact()).freed;
  }
  expect(freed).toBeGreaterThan(0);
  master.model.add('today');
  await expect(textsOf(master.events())).rejects.toMatchObject({ code: 'HISTORY_DELETED' });
  await expect(master.at(new Date(Date.UTC(2025, 0, 1)))).rejects.toMatchObject({ code: 'HISTORY_DELETED' });
  const seal = (await master.status()).seal;
  expect(await textsOf(master.events({ after: seal?.H ?? '' }))).toEqual(['today']);
  await master.close();
  await rm(folder, { recursive: true });
});
