/** Names and texts of somebody else never control a terminal, nor begin a line of their own, wherever they are shown. */
import 'reflect-metadata';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../command.js';
import { UnsupportedStateError } from '../../src/errors.js';
import { printable } from '../../src/printable.js';
import { FORGED, inFolder, type NotebookFolder } from '../notebook-folder.js';

const HOSTILE = 'x\u001b]0;owned\u0007\u001b[2J\r\n2026-01-01  laptop#7  transfer\u009b31m\u007f\u2028\u202e\ufeff';
const UNSEEN = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]/;

function forge(folder: NotebookFolder): void {
  folder.forge(FORGED, [{ args: [HOSTILE] }, { tx: HOSTILE, args: [HOSTILE] }]);
  folder.forge({ ...FORGED, master: 'other' }, [{ model: HOSTILE }]);
  folder.forge({ ...FORGED, master: 'third' }, [{ args: [{ json: HOSTILE, meta: HOSTILE }], meta: { by: HOSTILE } }]);
}

test.each(['status', 'log', 'log --json', 'verify', 'backup', 'repair'])('prevalent %s', async (command) => {
  await inFolder(async (folder) => {
    const master = await folder.open('one', { local: folder.local('one') });
    await master.transact((book) => book.write(HOSTILE));
    await master.close();
    forge(folder);
    mkdirSync(join(folder.shared, `Foreign${HOSTILE.replace('/', '')}`));
    const [name = '', ...options] = command.split(' ');
    const more: Record<string, string[]> = {
      backup: [join(folder.path, 'copy')],
      repair: ['one', '--local', folder.local('one')],
    };
    const { lines } = await run(name, folder.shared, ...(more[name] ?? []), ...options);
    expect(lines.length).toBeGreaterThan(0);
    expect(lines.filter((line) => UNSEEN.test(line))).toEqual([]);
    if (options.includes('--json')) for (const line of lines) expect(JSON.parse(line)).toHaveProperty('tx');
  })();
});

test('the status of a master and its holds', async () => {
  await inFolder(async (folder) => {
    forge(folder);
    const master = await folder.open('one');
    const { held } = await master.status();
    expect(held.map(({ reason }) => reason).sort()).toEqual(['model', 'unknown-transaction']);
    for (const { message } of held) expect(message).not.toMatch(UNSEEN);
    await master.close();
  })();
});

test('the message of any error', () => {
  expect(new UnsupportedStateError(HOSTILE).message).toBe(printable(HOSTILE));
  expect(printable(HOSTILE)).not.toMatch(UNSEEN);
  expect(JSON.parse(`"${printable(HOSTILE)}"`)).toBe(HOSTILE);
  expect(printable('Größe 😀 "a\\b"')).toBe('Größe 😀 "a\\b"');
});
