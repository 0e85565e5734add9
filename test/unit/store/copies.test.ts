import { FolderStore } from '../../../src/index.js';
import { SimulatedDisk } from '../../../src/testing/index.js';
import type { CopyPlace } from '../../../src/core.js';

const ID = '01HF7YAT01003QQVXG0000000Z';
const LATER = '01HF7YAT02003QQVXG0000000Z';
const of = { master: 'phone', epoch: '01HF7YAT00FQ2VRP41VVTGRSXB' };
const copy: CopyPlace = { by: 'desk', of, name: ID };

function opened(): { disk: SimulatedDisk; store: FolderStore } {
  const disk = new SimulatedDisk();
  return { disk, store: new FolderStore('/shared', { fileSystem: disk }) };
}
const again = (disk: SimulatedDisk): FolderStore => new FolderStore('/shared', { fileSystem: disk });

test('lines come back one by one, from several files, from the number that is asked for', async () => {
  const { disk, store } = opened();
  await store.copies.write?.(copy, 1, 'one\ntwo\n');
  await store.copies.write?.(copy, 3, 'three\n');
  for (const reader of [store, again(disk)]) {
    expect(await reader.copies.read(copy, 0, 9)).toEqual(['one', 'two', 'three']);
    expect(await reader.copies.read(copy, 1, 2)).toEqual(['two']);
    expect(await reader.copies.read(copy, 3, 9)).toEqual([]);
  }
});

test('a copy that does not begin with the first event has no header either', async () => {
  const { store } = opened();
  await store.copies.write?.(copy, 7, 'seven\neight\n');
  expect(await store.copies.read(copy, 6, 9)).toEqual(['seven', 'eight']);
  expect(await store.copies.read(copy, 0, 9)).toEqual([]);
});

test('a power cut leaves the whole of what was written', async () => {
  const { disk, store } = opened();
  await store.copies.write?.(copy, 1, 'one\n');
  disk.crash(() => 0);
  expect(await again(disk).copies.read(copy, 0, 9)).toEqual(['one']);
});

test('one copy is removed, and no other; the last takes its folders along', async () => {
  const { disk, store } = opened();
  await store.copies.write?.(copy, 1, 'one\n');
  await store.copies.write?.({ ...copy, name: LATER }, 1, 'uno\n');
  await store.copies.drop?.(copy);
  await store.copies.drop?.(copy);
  expect(await again(disk).copies.read(copy, 0, 9)).toEqual([]);
  expect(await again(disk).copies.read({ ...copy, name: LATER }, 0, 9)).toEqual(['uno']);
  await store.copies.drop?.({ ...copy, name: LATER });
  expect(disk.paths()).toEqual([]);
  expect((await disk.readdir('/shared/desk')).map(({ name }) => name)).toEqual([]);
});

test.each([
  { ...copy, by: '../desk' },
  { ...copy, name: '..' },
  { ...copy, of: { ...of, epoch: '../../x' } },
])('names that are none lead nowhere: %j', async (place) => {
  const { store } = opened();
  expect(await store.copies.read(place, 0, 9)).toEqual([]);
});

test('copies are no streams', async () => {
  const { store } = opened();
  await store.copies.write?.(copy, 1, 'one\n');
  expect(await store.streams()).toEqual([]);
});
