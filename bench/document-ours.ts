import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { FolderStore, Master, type MasterOptions, MemoryStore } from '../src/index.js';
import type { DocumentContender, OpenDocument } from './document-contenders.js';
import { TextDocument } from './text-document.js';

/** Edits between two waits for the disk, for those who wait. */
const TURN = 1_000;

/** A number of events that no recording reaches: no snapshot is taken. */
const NEVER = 1e9;

/** The model as the ordinary object it is. */
export const alone: DocumentContender = {
  async create() {
    const document = new TextDocument();
    return {
      async apply(edits) {
        for (const [position, deleted, inserted] of edits) document.edit(position, deleted, inserted);
      },
      text: () => document.text(),
      close: async () => 0,
    };
  },
};

async function openMaster(options: MasterOptions, bytes: () => number): Promise<OpenDocument> {
  const master = await Master.open(TextDocument, options);
  return {
    async apply(edits) {
      const { model } = master;
      let count = 0;
      for (const [position, deleted, inserted] of edits) {
        model.edit(position, deleted, inserted);
        if (++count % TURN === 0) await master.durable();
      }
      await master.durable();
    },
    text: () => master.query((document) => document.text()),
    async close() {
      await master.close();
      return bytes();
    },
  };
}

function inFolder(options: Partial<MasterOptions>): Required<DocumentContender> {
  const open = (directory: string): Promise<OpenDocument> => {
    const shared = join(directory, 'shared');
    const store = new FolderStore(shared);
    const local = join(directory, 'local');
    return openMaster({ name: 'writer', store, local, ...options }, () => bytesBelow(shared));
  };
  return { create: open, reopen: open };
}

function bytesBelow(directory: string): number {
  const files = readdirSync(directory, { recursive: true, encoding: 'utf8' });
  return files
    .map((file) => statSync(join(directory, file)))
    .reduce((sum, stats) => sum + (stats.isFile() ? stats.size : 0), 0);
}

export const inMemory: DocumentContender = {
  create: () => openMaster({ name: 'writer', store: new MemoryStore(), snapshotEvery: NEVER }, () => 0),
};

export const journalOnly = inFolder({ snapshotEvery: NEVER });

export const withSnapshots = inFolder({});
