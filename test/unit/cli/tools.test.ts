import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { crc32 } from 'node:zlib';
import { LEFT_OUT } from '../../../src/cli/backup.js';
import { FolderStore, Master, type MasterOptions } from '../../../src/index.js';
import { appendChecksum } from '../../../src/event/checksum.js';
import { run } from '../../command.js';
import { Notes } from './notes.js';

const here = dirname(fileURLToPath(import.meta.url));
const MODEL = `${join(here, 'notes.ts')}#Notes`;
let home: string;
let shared: string;
const opened: Master<Notes>[] = [];

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'prevalent-cli-'));
  shared = join(home, 'shared');
});
afterEach(async () => {
  for (const master of opened.splice(0)) await master.close();
  rmSync(home, { recursive: true, force: true });
});

async function open(name: string, options: Partial<MasterOptions> = {}): Promise<Master<Notes>> {
  const store = new FolderStore(shared, { segmentBytes: 600 });
  const master = await Master.open(Notes, { name, store, local: join(home, name), ...options });
  opened.push(master);
  return master;
}

/** Two masters with a snapshot each and several files, closed; ten notes. */
async function filled(): Promise<void> {
  for (const name of ['laptop', 'phone']) {
    const master = await open(name);
    for (let i = 1; i <= 3; i++) await master.transact((notes) => notes.write(`${name} ${i}`));
    await master.snapshot();
    for (let i = 4; i <= 5; i++) await master.transact((notes) => notes.write(`${name} ${i}`));
    await master.close();
  }
}

function files(ending: string, of: string = shared): string[] {
  return (readdirSync(of, { recursive: true }) as string[])
    .filter((path) => path.endsWith(ending))
    .sort()
    .map((path) => join(of, path));
}

function flip(file: string, at: number): void {
  const bytes = readFileSync(file);
  bytes[at]! ^= 1;
  writeFileSync(file, bytes);
}

function textsOf(master: Master<Notes>): string[] {
  return master.query(({ all }) => all.map(({ text }) => text));
}

describe('verify', () => {
  test('a good folder is good, with and without its model, while a master runs', async () => {
    await filled();
    const running = await open('laptop');
    await running.transact((notes) => notes.write('more'));
    const plain = await run('verify', shared);
    expect(plain.code).toBe(0);
    expect(plain.lines).toHaveLength(3);
    expect(plain.lines[0]).toMatch(/^laptop@\w{26}: good, 6 events, 1 good snapshot$/);
    const { lines, code } = await run('verify', shared, '--model', MODEL);
    expect([code, lines.at(-1)]).toEqual([0, 'Everything is as it should be.']);
    expect(lines.join()).toContain('Replayed 10 events; 0 of them are rejected');
    expect(readdirSync(shared).sort()).toEqual(['laptop', 'phone']);
  });

  test('every damaged file is named, with the place', async () => {
    await filled();
    const [first = ''] = files('.ndjson');
    const [snapshot = ''] = files('.snapshot');
    const frontier = files('frontier.json')[1]!;
    flip(first, 400);
    flip(snapshot, 100);
    flip(frontier, 30);
    const { lines, code } = await run('verify', shared, '--model', MODEL);
    expect(code).toBe(2);
    expect(lines.join('\n')).toMatch(/0000000000000001\.ndjson, line \d \(byte \d+\)/);
    expect(lines.join('\n')).toMatch(/snapshot \w{26} of laptop@\w{26}: it is damaged at byte \d+/);
    expect(lines.join('\n')).toMatch(/frontier of phone@\w{26} is damaged/);
    expect(lines.at(-1)).toBe('3 problems.');
  });

  test('a file that is missing is a problem', async () => {
    await filled();
    rmSync(files('.ndjson')[1]!);
    const { lines, code } = await run('verify', shared);
    expect([code, lines.at(-1)]).toEqual([2, '1 problem.']);
  });

  test('a snapshot that is not what the events give is found', async () => {
    const master = await open('laptop');
    await master.transact((notes) => notes.write('right'));
    // Behind the back of the journal, as a fault in a program might.
    master.query(({ all }: Notes) => (all[0]!.text = 'wrong'));
    await master.snapshot();
    await master.close();
    expect((await run('verify', shared)).code).toBe(0);
    const { lines, code } = await run('verify', shared, '--model', MODEL);
    expect(code).toBe(2);
    expect(lines.join('\n')).toMatch(/is not what a replay of the events up to it gives/);
  });

  test.each([
    ['no#Such', /cannot be loaded/],
    ['without-a-class.js', /give a file and the name/],
    [MODEL.replace('#Notes', '#Missing'), /exports no class Missing; it exports Note, Notes/],
    [MODEL.replace('#Notes', '#Note'), /not a model/],
  ])('a model that is not there is a clear error: %s', async (model, message) => {
    await filled();
    await expect(run('verify', shared, '--model', model)).rejects.toThrow(message);
  });
});

describe('export', () => {
  test('every published line, in the final order', async () => {
    await filled();
    const running = await open('laptop');
    await running.transact((notes) => notes.write('published'));
    await running.sync();
    await running.transact((notes) => notes.write('not published'));
    const { lines } = await run('export', shared);
    const ids = lines.map((line) => (JSON.parse(line) as { id: string }).id);
    expect(ids).toEqual([...ids].sort());
    expect(ids).toHaveLength(11);
    const journals = files('.ndjson').map((file) => readFileSync(file, 'utf8'));
    for (const line of lines) expect(journals.some((journal) => journal.includes(`${line}\n`))).toBe(true);
  });

  test('damage ends it with an error', async () => {
    await filled();
    flip(files('.ndjson')[0]!, 400);
    await expect(run('export', shared)).rejects.toMatchObject({ code: 'JOURNAL_DAMAGED' });
  });
});

describe('backup', () => {
  test('while masters run it is one whole moment, and masters go on from it', async () => {
    await filled();
    const laptop = await open('laptop');
    const phone = await open('phone');
    const writing = (async () => {
      for (let i = 0; i < 60; i++) {
        await laptop.transact((notes) => notes.write(`while ${i}`));
        if (i % 5 === 0) await laptop.sync();
        if (i % 7 === 0) await phone.sync();
        if (i % 10 === 0) await phone.snapshot();
      }
    })();
    const target = join(home, 'backup');
    const { lines } = await run('backup', shared, target);
    await writing;
    // A master may be in the middle of a call, so that lines of it are not published yet.
    expect(lines.filter((line) => !line.includes(LEFT_OUT))).toHaveLength(3);
    expect((await run('verify', target, '--model', MODEL)).lines.at(-1)).toBe('Everything is as it should be.');
    const restored = await Master.open(Notes, { name: 'laptop', store: target, local: join(home, 'elsewhere') });
    opened.push(restored);
    const texts = textsOf(restored);
    expect(texts.length).toBeGreaterThanOrEqual(10);
    // A beginning of what was written, in the same order.
    const all = textsOf(laptop).filter((text) => texts.includes(text));
    expect(texts).toEqual(all);
    expect((await restored.status()).notices.join()).toContain('new epoch');
    await restored.transact((notes) => notes.write('goes on'));
  });

  test('neither a used folder nor damage is passed over', async () => {
    await filled();
    await expect(run('backup', shared, home)).rejects.toMatchObject({ code: 'INVALID_OPTION' });
    flip(files('.ndjson')[0]!, 400);
    await expect(run('backup', shared, join(home, 'backup'))).rejects.toMatchObject({ code: 'JOURNAL_DAMAGED' });
  });

  test('what a seal names and nobody has is told, as is a frontier that cannot be read; the rest is copied', async () => {
    const laptop = await open('laptop', { retention: 0 });
    const phone = await open('phone');
    await phone.transact((notes) => notes.write('sealed'));
    await phone.sync();
    await laptop.transact((notes) => notes.write('mine'));
    await laptop.sync();
    await laptop.compact();
    await laptop.close();
    await phone.close();
    for (const file of files('.snapshot')) rmSync(file);
    rmSync(join(shared, 'phone'), { recursive: true });
    const [sealed, cut] = [join(home, 'sealed'), join(home, 'cut')];
    const told = await run('backup', shared, sealed);
    expect([told.code, told.lines.join()]).toEqual([
      2,
      expect.stringMatching(/Event 1 of phone@.* is sealed and not there/),
    ]);
    expect(files('.ndjson', sealed)).toHaveLength(1);
    flip(files('frontier.json')[0]!, 40);
    const again = await run('backup', shared, cut);
    expect([again.code, again.lines.join()]).toEqual([
      2,
      expect.stringMatching(/frontier of laptop@.* cannot be read/),
    ]);
  });

  test('nothing that is not published is in it, and it says so', async () => {
    const master = await open('laptop');
    await master.transact((notes) => notes.write('published'));
    await master.sync();
    await master.transact((notes) => notes.write('not published'));
    await master.snapshot();
    const { lines } = await run('backup', shared, join(home, 'backup'));
    expect(lines.filter((line) => line.includes(LEFT_OUT))).toHaveLength(1);
    expect([files('.snapshot').length, files('.snapshot', join(home, 'backup'))]).toEqual([1, []]);
    const journal = files('.ndjson', join(home, 'backup')).map((file) => readFileSync(file, 'utf8'));
    expect(journal.join('')).toContain('"published"');
    expect(journal.join('')).not.toContain('not published');
    expect(journal.join('')).toMatch(/\n$/);
  });
});

describe('repair', () => {
  test('tells first; cuts if asked to, keeps all it takes, and the master goes on in a new epoch', async () => {
    await filled();
    // A snapshot would spare the start the damaged part.
    for (const snapshot of files('.snapshot')) rmSync(snapshot);
    const before = files('.ndjson', join(shared, 'laptop'));
    expect(before.length).toBeGreaterThan(1);
    const [first = ''] = before;
    const line = readFileSync(first, 'utf8').split('\n');
    flip(first, line[0]!.length + line[1]!.length + 50);
    const bytes = before.map((file) => readFileSync(file, 'latin1')).join('');
    await expect(open('laptop')).rejects.toMatchObject({ code: 'JOURNAL_DAMAGED' });

    const told = await run('repair', shared, 'laptop', '--local', join(home, 'laptop'));
    expect(told.code).toBe(2);
    expect(told.lines.join('\n')).toMatch(/Would cut 0{15}1\.ndjson at byte \d+/);
    expect(told.lines.join('\n')).toMatch(/Events 2 to 5 were published/);
    expect(
      files('.ndjson', join(shared, 'laptop'))
        .map((file) => readFileSync(file, 'latin1'))
        .join(''),
    ).toBe(bytes);

    const cut = await run('repair', shared, 'laptop', '--local', join(home, 'laptop'), '--cut');
    expect(cut.code).toBe(0);
    const kept = [...files('.ndjson', join(shared, 'laptop')), ...files('.rejected', join(shared, 'laptop'))];
    expect(kept.map((file) => readFileSync(file, 'latin1')).join('').length).toBe(bytes.length);
    const isGood = async (): Promise<void> => {
      const { lines, code } = await run('verify', shared);
      expect([code, lines.at(-1)]).toEqual([0, 'Everything is as it should be.']);
      expect(lines.join('\n')).toMatch(
        /^ {2}Events 2 to 5 of laptop@\w{26} are published .*: repair or disown cut .* kept in 0{15}1\.ndjson\.\d+\.rejected/m,
      );
    };
    await isGood();
    const master = await open('laptop');
    expect((await master.status()).notices.join()).toMatch(/new epoch/);
    await master.transact((notes) => notes.write('goes on'));
    expect(readdirSync(join(shared, 'laptop'))).toHaveLength(2);
    await master.sync();
    await isGood();
  });

  test.each([
    ['no bytes', Buffer.alloc(0)],
    ['zeros', Buffer.alloc(4096)],
  ])('a first file with %s is put aside, and the master opens', async (_what, content) => {
    await filled();
    for (const snapshot of files('.snapshot')) rmSync(snapshot);
    const [first = ''] = files('.ndjson', join(shared, 'laptop'));
    writeFileSync(first, content);
    await expect(open('laptop')).rejects.toMatchObject({ code: 'JOURNAL_DAMAGED', place: { file: first } });
    expect((await run('repair', shared, 'laptop', '--local', join(home, 'laptop'), '--cut')).code).toBe(0);
    expect(files('.rejected', join(shared, 'laptop')).map((file) => readFileSync(file).length)).toContain(
      content.length,
    );
    const master = await open('laptop');
    expect((await master.status()).notices.join()).toMatch(/new epoch/);
  });

  test.each([
    ['only', ''],
    ['behind a damaged one', 'damaged\n'],
  ])('lines of a newer format are not cut: %s', async (_what, damage) => {
    await filled();
    for (const snapshot of files('.snapshot')) rmSync(snapshot);
    const newest = files('.ndjson', join(shared, 'laptop')).at(-1)!;
    const newer = appendChecksum('{"v":99,"head":"of a block"', crc32);
    writeFileSync(newest, `${readFileSync(newest, 'utf8')}${damage}${newer}\n`);
    const bytes = readFileSync(newest);
    await expect(open('laptop')).rejects.toMatchObject({ code: 'JOURNAL_DAMAGED' });
    for (const cut of [[], ['--cut']])
      await expect(run('repair', shared, 'laptop', '--local', join(home, 'laptop'), ...cut)).rejects.toMatchObject({
        code: 'JOURNAL_DAMAGED',
        message: expect.stringMatching(/format 99.*Nothing was cut: run repair of that version/),
      });
    expect(readFileSync(newest)).toEqual(bytes);
    expect(files('.rejected')).toEqual([]);
  });

  test('a damaged snapshot is put aside', async () => {
    await filled();
    flip(files('.snapshot')[0]!, 100);
    await run('repair', shared, 'laptop', '--local', join(home, 'laptop'), '--cut');
    expect(files('.rejected')).toHaveLength(1);
    expect((await run('verify', shared)).code).toBe(0);
  });

  test('a good journal is left alone; an open or unknown master is refused', async () => {
    await filled();
    const { lines, code } = await run('repair', shared, 'phone', '--local', join(home, 'phone'), '--cut');
    expect([lines, code]).toEqual([['Nothing is damaged.'], 0]);
    await open('phone');
    await expect(run('repair', shared, 'phone', '--local', join(home, 'phone'))).rejects.toMatchObject({
      code: 'MASTER_LOCKED',
    });
    await expect(run('repair', shared, 'nobody', '--local', join(home, 'nobody'))).rejects.toMatchObject({
      code: 'INVALID_OPTION',
    });
  });
});
