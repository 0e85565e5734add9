/** Masters that watch a real folder: they are told when another one publishes, and nothing stays away for long. */
import { once } from 'node:events';
import { EventEmitter } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { FolderStore } from '../../src/index.js';
import { nodeFileSystem } from '../../src/store/folder/node-file-system.js';
import { inFolder, wordsOf } from '../notebook-folder.js';

/** A watcher may miss a file that is replaced twice in a moment: the intervals find what it did not tell. */
const INTERVALS = { everyMs: 3_000 };

test(
  'events of others arrive by themselves, those of a newcomer too; own writes and litter are nothing',
  inFolder(async (folder) => {
    const told = new EventEmitter();
    let own = 0;
    const store = new FolderStore(folder.shared, {
      fileSystem: {
        ...nodeFileSystem,
        watch: (directory, follows, listener) =>
          nodeFileSystem.watch!(
            directory,
            (names) => {
              const isFollowed = follows(names);
              if (isFollowed && names[0] === 'reader') own++;
              return isFollowed;
            },
            {
              ...listener,
              changed: () => {
                listener.changed();
                told.emit('changed');
              },
            },
          ),
      },
    });
    const ready = once(told, 'changed');
    const reader = await folder.open('reader', { store, autoSync: INTERVALS });
    reader.on('event', ({ master }) => {
      if (master !== 'reader') told.emit('event');
    });
    await ready;
    for (const name of ['writer', 'newcomer']) {
      const seen = once(told, 'changed');
      const writer = await folder.open(name);
      for (const word of ['first', 'second']) {
        const arrived = once(told, 'event');
        await writer.transact((book) => book.write(`${word} of ${name}`));
        await writer.sync();
        await arrived;
      }
      await seen;
      mkdirSync(join(folder.shared, name, '.stfolder'), { recursive: true });
      writeFileSync(join(folder.shared, name, 'x.sync-conflict-20261126-010203-ABCDEFG.ndjson'), 'x');
      await writer.close();
    }
    await reader.transact((book) => book.write('own'));
    expect(wordsOf(reader)).toEqual([
      'first of writer',
      'second of writer',
      'first of newcomer',
      'second of newcomer',
      'own',
    ]);
    expect(own).toBe(0);
    await reader.close();
  }),
);

test(
  'a folder that cannot be watched is told with a remedy, and interval syncs go on',
  inFolder(async (folder) => {
    const refused = Object.assign(new Error('ENOSPC: System limit for number of file watchers reached'), {
      code: 'ENOSPC',
    });
    const store = new FolderStore(folder.shared, {
      fileSystem: { ...nodeFileSystem, watch: () => Promise.reject(refused) },
    });
    const reader = await folder.open('reader', { store, autoSync: { everyMs: 10 } });
    const errors = new Promise((resolve) => reader.on('error', resolve));
    const arrived = new Promise((resolve) => reader.on('event', resolve));
    expect(await errors).toBe(refused);
    const writer = await folder.open('writer');
    await writer.transact((book) => book.write('word'));
    await writer.sync();
    await arrived;
    await reader.close();
  }),
);
