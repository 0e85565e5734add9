import { Master, Prevalent, Transaction } from '../../src/index.js';
import { FolderNetwork } from '../../src/testing/index.js';

@Prevalent('start-and-clock')
class Notes {
  readonly all: string[] = [];
  @Transaction() write(text: string): void {
    this.all.push(text);
  }
}

const NOON = Date.UTC(2026, 5, 1, 12);
const YEAR = 365 * 24 * 3600 * 1000;

function at(network: FolderNetwork, name: string, now: () => number): Promise<Master<Notes>> {
  return Master.open(Notes, { ...network.place(name), now });
}

test('a snapshot of 0 bytes or with a flipped bit is skipped with a notice; the start goes on', async () => {
  for (const damage of [
    () => new Uint8Array(),
    (bytes: Uint8Array) => bytes.map((byte, index) => (index === 50 ? byte ^ 1 : byte)),
  ]) {
    const network = new FolderNetwork(['a']);
    const disk = network.disk('a');
    const first = await at(network, 'a', () => NOON);
    await first.transact((notes) => notes.write('kept'));
    await first.snapshot();
    await first.close();
    const path = disk.paths().find((one) => one.endsWith('.snapshot'))!;
    disk.put(path, damage(disk.peek(path)!));
    const again = await at(network, 'a', () => NOON);
    expect(again.query((notes) => notes.all)).toEqual(['kept']);
    expect((await again.status()).notices.join()).toMatch(
      /snapshot .* cannot be used \(it (ends in the middle|is damaged at byte \d+)/,
    );
    await again.close();
  }
});

test('a frontier from the future, whose events have not arrived, does not pull the own clock along', async () => {
  const network = new FolderNetwork(['laptop', 'phone']);
  const phone = await at(network, 'phone', () => NOON + YEAR);
  await phone.transact((notes) => notes.write('from next year'));
  await phone.close();
  const frontier = network.pending('phone', 'laptop').find((path) => path.endsWith('frontier.json'))!;
  network.deliver('phone', 'laptop', frontier);
  const laptop = await at(network, 'laptop', () => NOON);
  expect((await laptop.sync()).held).toMatchObject([{ master: 'phone', reason: 'gap' }]);
  await laptop.transact((notes) => notes.write('today'));
  network.deliverAll();
  expect((await laptop.sync()).held).toMatchObject([{ master: 'phone', seq: 1, reason: 'clock-ahead' }]);
  await laptop.transact((notes) => notes.write('still today'));
  expect(laptop.query((notes) => notes.all)).toEqual(['today', 'still today']);
  await laptop.close();
});

test('a restart with the clock set back makes ids beyond all earlier ones, snapshot or not', async () => {
  for (const snapshot of [false, true]) {
    const network = new FolderNetwork(['a']);
    let now = NOON;
    const first = await at(network, 'a', () => now);
    await first.transact((notes) => notes.write('1'));
    if (snapshot) await first.snapshot();
    await first.close();
    now = NOON - 60_000;
    const second = await at(network, 'a', () => now);
    await second.transact((notes) => notes.write('2'));
    const ids: string[] = [];
    for await (const { id } of second.events()) ids.push(id);
    expect(ids).toEqual([...ids].sort());
    expect(second.query((notes) => notes.all)).toEqual(['1', '2']);
    await second.close();
    const third = await at(network, 'a', () => now);
    expect(third.query((notes) => notes.all)).toEqual(['1', '2']);
    await third.close();
  }
});

test('a snapshot holds durable events only: a call that is lost with the power is not in it', async () => {
  const network = new FolderNetwork(['a']);
  const disk = network.disk('a');
  // Nothing is written before somebody waits for it.
  const first = await Master.open(Notes, { ...network.place('a'), now: () => NOON, durability: 'none' });
  await first.transact((notes) => notes.write('durable'));
  // The call is made when the snapshot has seen the disk settle and before it looks at the state.
  disk.fault = (operation, path) => {
    if (operation !== 'readdir' || !path.endsWith('/snapshots')) return;
    disk.fault = () => undefined;
    first.model.write('on its way');
  };
  await first.snapshot();
  const written = new TextDecoder().decode(disk.peek(disk.paths().find((one) => one.endsWith('.snapshot'))!));
  expect(written).toContain('durable');
  expect(written).not.toContain('on its way');
  expect(written).toMatch(/\n\["a@\w+",1,"\w{26}"\]\n/);
  expect(first.query((notes) => notes.all)).toEqual(['durable', 'on its way']);
  await first.close();
});
