import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Master, Prevalent, Transaction } from '../../../src/index.js';
import { run } from '../../command.js';

@Prevalent('cli-notes')
class Notes {
  readonly all: string[] = [];
  @Transaction() write(text: string): void {
    this.all.push(text);
  }
}

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'prevalent-cli-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

test('status and log read a folder without its model', async () => {
  const store = join(folder, 'shared');
  for (const name of ['laptop', 'phone']) {
    const master = await Master.open(Notes, { name, store, local: join(folder, name) });
    master.model.write(`from ${name}`);
    await master.close();
  }
  const { lines: status } = await run('status', store);
  expect(status).toHaveLength(2);
  expect(status[0]).toMatch(/^laptop@\w{26}: 1 event, the last at 20/);
  const { lines: log } = await run('log', store);
  expect(
    log.map((line) => line.slice(line.indexOf('laptop') >= 0 ? line.indexOf('laptop') : line.indexOf('phone'))),
  ).toEqual(['laptop#1  write["from laptop"]', 'phone#1  write["from phone"]']);
  const { lines: json } = await run('log', store, '--json', '--master', 'phone');
  expect(json.map((line) => (JSON.parse(line) as { args: unknown }).args)).toEqual([['from phone']]);
});

test('a folder that is not there is a clear error and is not made', async () => {
  await expect(run('status', join(folder, 'nowhere'))).rejects.toMatchObject({ code: 'INVALID_OPTION' });
  await expect(run('log', join(folder, 'nowhere'))).rejects.toThrow(/is no folder/);
});
