/** While one master lists the streams of another, that one goes on in a new stream and deletes the old one: the new one is found at the next look. */
import { FolderStore, type FileSystem, type StreamListing } from '../../src/index.js';
import { SimulatedDisk } from '../../src/testing/index.js';

const [OLD, NEW, NEWEST] = ['01KDVDNA00000000000000000A', '01KDVDNA00000000000000000B', '01KDVDNA00000000000000000C'];
const text = new TextEncoder();
const file = (epoch: string): string => `/shared/b/${epoch}/frontier.json`;

/** A folder of which something changes right behind the first listing of the streams of b. */
function folder(change: (disk: SimulatedDisk) => void): {
  disk: SimulatedDisk;
  store: FolderStore;
  listed: () => number;
} {
  const disk = new SimulatedDisk();
  disk.put(file(OLD), text.encode('old\n'));
  let listed = 0;
  const readdir: FileSystem['readdir'] = async (path) => {
    const entries = await disk.readdir(path);
    if (path === '/shared/b' && listed++ === 0) change(disk);
    return entries;
  };
  const session = disk.session();
  return { disk, store: new FolderStore('/shared', { fileSystem: { ...session, readdir } }), listed: () => listed };
}

const epochs = (listings: readonly StreamListing[]): string[] => listings.map(({ stream }) => stream.epoch);
const look = async (store: FolderStore): Promise<string[]> => epochs(await store.streams(new Set()));

test('a stream that was begun while those of its master were listed is found at the next look', async () => {
  const { store } = folder((disk) => {
    disk.put(file(NEW), text.encode('new\n'));
    disk.remove(file(OLD));
  });
  await look(store);
  expect(await look(store)).toContain(NEW);
});

test('as long as nothing of the newest stream has come, its master is listed at each look; else what is left of one is listed once more', async () => {
  const { disk, store, listed } = folder(() => undefined);
  disk.remove(file(OLD));
  disk.put(`/shared/b/${OLD}/left`, text.encode('over'));
  await look(store);
  await look(store);
  disk.put(file(NEW), text.encode('new\n'));
  expect(await look(store)).toEqual([OLD, NEW]);
  const before = listed();
  for (let again = 0; again < 5; again++) expect(await look(store)).toEqual([OLD, NEW]);
  expect(listed() - before).toBe(0);
  // Whoever deletes the stream it is known by has begun another one.
  disk.remove(file(NEW));
  disk.put(file(NEWEST), text.encode('newest\n'));
  expect(await look(store)).toContain(NEWEST);
});
