/** The way out of a clock that ran ahead, as docs/operations.md writes it: no good call is lost, and all masters are equal again. */
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { assertSameState } from '../../src/testing/index.js';
import { run } from '../command.js';
import { inFolder, type NotebookFolder, wordsOf } from '../notebook-folder.js';

const YEAR = 365 * 24 * 3_600_000;
const ahead = { now: (): number => Date.now() + YEAR };

/** Both masters have called; the laptop's clock then ran a year ahead, it called and synced, and its clock is right again. */
async function ranAhead(folder: NotebookFolder): Promise<{ last: string }> {
  const laptop = await folder.open('laptop');
  await laptop.transact((book) => book.write('good 1'));
  await laptop.sync();
  const phone = await folder.open('phone');
  await phone.transact((book) => book.write('of the phone'));
  await phone.sync();
  await phone.close();
  await laptop.sync();
  // Nobody but the laptop has this one.
  await laptop.transact((book) => book.write('good 2'));
  let last = '';
  for await (const { id } of laptop.events()) last = id;
  await laptop.close();
  const wrong = await folder.open('laptop', ahead);
  await wrong.transact((book) => book.write('bad 1'));
  await wrong.transact((book) => book.write('bad 2'));
  await wrong.snapshot();
  await wrong.sync();
  await wrong.close();
  return { last };
}

function everything(folder: NotebookFolder): Record<string, string> {
  const paths = readdirSync(folder.path, { recursive: true, withFileTypes: true }).filter((one) => one.isFile());
  return Object.fromEntries(
    paths.map(({ parentPath, name }) => [join(parentPath, name), readFileSync(join(parentPath, name), 'latin1')]),
  );
}

async function behind(folder: NotebookFolder): Promise<void> {
  const laptop = await folder.open('laptop');
  expect(() => laptop.model.write('refused')).toThrow(expect.objectContaining({ code: 'CLOCK_BEHIND' }));
  await laptop.close();
  const phone = await folder.open('phone');
  expect((await phone.sync()).held).toMatchObject([{ master: 'laptop', reason: 'clock-ahead' }]);
  await phone.close();
}

const disown = (folder: NotebookFolder, ...more: string[]): ReturnType<typeof run> =>
  run('disown', folder.shared, 'laptop', '--local', folder.local('laptop'), ...more);

/** All masters, a newcomer too, hold exactly these words. */
async function allHave(folder: NotebookFolder, words: readonly string[]): Promise<void> {
  const masters = [await folder.open('laptop'), await folder.open('phone'), await folder.open('newcomer')];
  masters[0]!.model.write('afterwards');
  for (const round of [0, 1])
    for (const master of masters) expect([round, (await master.sync()).held]).toEqual([round, []]);
  for (const master of masters) {
    expect(wordsOf(master)).toEqual([...words, 'afterwards']);
    assertSameState(master, masters[0]!);
  }
  for (const master of masters) await master.close();
  const again = await folder.open('laptop');
  expect(wordsOf(again)).toEqual([...words, 'afterwards']);
  expect((await again.status()).notices).toEqual([]);
  await again.close();
  expect((await run('verify', folder.shared)).code).toBe(0);
}

test(
  'without --again or --drop it tells, and changes nothing',
  inFolder(async (folder) => {
    const { last } = await ranAhead(folder);
    const before = everything(folder);
    const { lines } = await disown(folder, '--after', last);
    expect(lines.join('\n')).toMatch(
      /the first 2 calls stay, and 2 after that go:\n\S+ write \["bad 1"\]\n\S+ write \["bad 2"\]/,
    );
    expect(lines.at(-1)).toMatch(/^Nothing was changed/);
    expect(everything(folder)).toEqual(before);
  }),
);

test(
  'the folder of an epoch that a crash kept from beginning is passed over',
  inFolder(async (folder) => {
    const { last } = await ranAhead(folder);
    const unborn = join(folder.shared, 'laptop', `${'0'.repeat(25)}1`);
    mkdirSync(unborn);
    const { code, lines } = await disown(folder, '--after', last, '--again');
    expect([code, lines.at(-1)]).toEqual([0, expect.stringContaining('2 calls were made again')]);
    // `verify` would say that its files have not arrived.
    rmSync(unborn, { recursive: true });
    await allHave(folder, ['good 1', 'of the phone', 'good 2', 'bad 1', 'bad 2']);
  }),
);

test(
  'the calls are made again, once, with the same results, and all masters are equal',
  inFolder(async (folder) => {
    const { last } = await ranAhead(folder);
    await behind(folder);
    const { lines } = await disown(folder, '--after', last, '--again');
    expect(lines.at(-1)).toMatch(/^2 calls were made again/);
    await allHave(folder, ['good 1', 'of the phone', 'good 2', 'bad 1', 'bad 2']);
    await expect(disown(folder, '--after', last)).rejects.toThrow(/has accepted 3 events of laptop@/);
  }),
);

test(
  'a crash before the old stream was cut: run again, it makes them again once',
  inFolder(async (folder) => {
    const { last } = await ranAhead(folder);
    const old = folder.stream('laptop');
    cpSync(old, join(folder.path, 'before'), { recursive: true });
    await disown(folder, '--after', last, '--again');
    rmSync(old, { recursive: true });
    cpSync(join(folder.path, 'before'), old, { recursive: true });
    const { lines } = await disown(folder, '--after', last, '--again');
    expect(lines.at(-1)).toMatch(/^2 calls were made again/);
    await allHave(folder, ['good 1', 'of the phone', 'good 2', 'bad 1', 'bad 2']);
  }),
);

test(
  'the calls are dropped, and kept aside',
  inFolder(async (folder) => {
    const { last } = await ranAhead(folder);
    await behind(folder);
    await disown(folder, '--after', last, '--drop');
    await allHave(folder, ['good 1', 'of the phone', 'good 2']);
    const kept = Object.entries(everything(folder)).filter(([path]) => path.endsWith('.rejected'));
    expect(kept.some(([, text]) => text.includes('bad 1') && text.includes('bad 2'))).toBe(true);
  }),
);

test(
  'a stream that began in the future goes as a whole',
  inFolder(async (folder) => {
    const phone = await folder.open('phone');
    await phone.transact((book) => book.write('of the phone'));
    await phone.close();
    const wrong = await folder.open('laptop', ahead);
    await wrong.transact((book) => book.write('bad 1'));
    await wrong.close();
    const [last] = (await run('log', folder.shared, '--json')).lines.map(
      (line) => (JSON.parse(line) as { id: string }).id,
    );
    await disown(folder, '--after', last!, '--again');
    await allHave(folder, ['of the phone', 'bad 1']);
  }),
);

test(
  'calls that others have accepted are not taken back',
  inFolder(async (folder) => {
    const { last } = await ranAhead(folder);
    const phone = await folder.open('phone', ahead);
    await phone.sync();
    await phone.close();
    const before = everything(folder);
    for (const how of ['--again', '--drop'])
      await expect(disown(folder, '--after', last, how)).rejects.toThrow(/phone has accepted 4 events of laptop@/);
    expect(everything(folder)).toEqual(before);
  }),
);

test(
  'a seal of that time goes as well',
  inFolder(async (folder) => {
    const { last } = await ranAhead(folder);
    const wrong = await folder.open('laptop', { ...ahead, retention: 0, patience: 1000 });
    expect((await wrong.compact()).seal?.no).toBe(1);
    await wrong.close();
    await disown(folder, '--after', last, '--again');
    await allHave(folder, ['good 1', 'of the phone', 'good 2', 'bad 1', 'bad 2']);
    const laptop = await folder.open('laptop', { retention: 0 });
    expect((await laptop.status()).seal).toBeUndefined();
    expect((await laptop.compact()).seal?.no).toBe(1);
    await laptop.close();
  }),
);

test(
  'good calls that stand in the snapshot of that time alone are not lost',
  inFolder(async (folder) => {
    const { last } = await ranAhead(folder);
    let years = 2;
    const wrong = await folder.open('laptop', { now: () => Date.now() + years * YEAR, retention: 0, patience: 1000 });
    for (; years < 5; years++) {
      wrong.model.write(`bad in ${years} years`);
      await wrong.sync();
      await wrong.compact();
    }
    await wrong.close();
    const before = everything(folder);
    await expect(disown(folder, '--after', last, '--drop')).rejects.toThrow(
      /stand in no published snapshot but those that would go/,
    );
    expect(everything(folder)).toEqual(before);
  }),
);

test(
  'what is no id, both ways at once, or a running master is refused',
  inFolder(async (folder) => {
    const { last } = await ranAhead(folder);
    await expect(disown(folder, '--after', 'yesterday', '--drop')).rejects.toMatchObject({ code: 'INVALID_OPTION' });
    await expect(disown(folder, '--after', last, '--drop', '--again')).rejects.toMatchObject({
      code: 'INVALID_OPTION',
    });
    await expect(
      run('disown', folder.shared, 'phone', '--after', last, '--local', folder.local('laptop')),
    ).rejects.toThrow(/is not the private directory of the master that writes phone@/);
    const laptop = await folder.open('laptop');
    await expect(disown(folder, '--after', last, '--drop')).rejects.toMatchObject({ code: 'MASTER_LOCKED' });
    await laptop.close();
  }),
);
