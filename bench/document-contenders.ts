import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Edit } from './trace.js';

/** A way of keeping a document. Every edit is a change of its own for everybody; nobody may join several. */
export interface DocumentContender {
  /** Begins with an empty document, to be kept in `directory`. */
  create(directory: string): Promise<OpenDocument>;
  /** Reads what was kept there; absent where nothing is. */
  readonly reopen?: (directory: string) => Promise<OpenDocument>;
}

export interface OpenDocument {
  /** Applies edits one by one and resolves when that is as durable as this contender makes it. */
  apply(edits: Iterable<Edit>): Promise<void>;
  text(): string;
  /** Keeps everything; gives the number of bytes that takes. */
  close(): Promise<number>;
}

/** A peer whose document is one array of bytes, kept in one file. */
function inFile<D>(peer: {
  create: () => D;
  load: (bytes: Uint8Array) => D;
  edit: (document: D, ...edit: Edit) => D;
  text: (document: D) => string;
  save: (document: D) => Uint8Array;
}): DocumentContender {
  const file = (directory: string): string => join(directory, 'document');
  const opened = (first: D, directory: string): OpenDocument => {
    let document = first;
    return {
      async apply(edits) {
        for (const [position, deleted, inserted] of edits) document = peer.edit(document, position, deleted, inserted);
      },
      text: () => peer.text(document),
      async close() {
        const bytes = peer.save(document);
        writeFileSync(file(directory), bytes);
        return bytes.length;
      },
    };
  };
  return {
    create: async (directory) => opened(peer.create(), directory),
    reopen: async (directory) => opened(peer.load(readFileSync(file(directory))), directory),
  };
}

async function yjs(): Promise<DocumentContender> {
  const { applyUpdate, Doc, encodeStateAsUpdate } = await import('yjs');
  return inFile({
    create: () => new Doc(),
    load: (bytes) => {
      const document = new Doc();
      applyUpdate(document, bytes);
      return document;
    },
    edit: (document, position, deleted, inserted) => {
      const text = document.getText('text');
      document.transact(() => {
        if (deleted > 0) text.delete(position, deleted);
        if (inserted !== '') text.insert(position, inserted);
      });
      return document;
    },
    text: (document) => document.getText('text').toJSON(),
    save: (document) => encodeStateAsUpdate(document),
  });
}

async function loro(): Promise<DocumentContender> {
  const { LoroDoc } = await import('loro-crdt');
  return inFile({
    create: () => new LoroDoc(),
    load: (bytes) => LoroDoc.fromSnapshot(bytes),
    edit: (document, position, deleted, inserted) => {
      const text = document.getText('text');
      if (deleted > 0) text.delete(position, deleted);
      if (inserted !== '') text.insert(position, inserted);
      document.commit();
      return document;
    },
    text: (document) => document.getText('text').toString(),
    save: (document) => document.export({ mode: 'snapshot' }),
  });
}

async function automerge(): Promise<DocumentContender> {
  const { change, from, load, save, splice } = await import('@automerge/automerge');
  return inFile({
    create: () => from({ text: '' }),
    load: (bytes) => load<{ text: string }>(bytes),
    edit: (document, position, deleted, inserted) =>
      change(document, (draft) => {
        splice(draft, ['text'], position, deleted, inserted);
      }),
    text: (document) => document.text,
    save,
  });
}

/** Each is loaded only where it runs, so that nobody's memory holds the others' code. */
export const CONTENDERS: Readonly<Record<string, () => Promise<DocumentContender>>> = {
  'text alone': async () => (await import('./document-ours.js')).alone,
  'prevalent, in memory': async () => (await import('./document-ours.js')).inMemory,
  'prevalent, journal only': async () => (await import('./document-ours.js')).journalOnly,
  'prevalent, with snapshots': async () => (await import('./document-ours.js')).withSnapshots,
  yjs,
  'loro-crdt': loro,
  '@automerge/automerge': automerge,
};
