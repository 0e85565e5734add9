import { join } from 'node:path';
import type { StreamHeader } from '../../../src/event/event.js';
import { nodeFileSystem } from '../../../src/store/folder/node-file-system.js';
import { PrivateMemory } from '../../../src/store/folder/private-memory.js';
import { readSession } from '../../../src/store/folder/session.js';
import { inFolder } from '../../notebook-folder.js';

const HEADER: StreamHeader = {
  master: 'laptop',
  epoch: '01HF7YAT00FQ2VRP41VVTGRSXB',
  model: 'notebook',
  session: 'this machine',
  reason: 'new',
  after: null,
};
const HEAD = { seq: 7, id: '01HF7YAT010000000000000007' };
const SEEN = ['phone@01HF7YAT00FQ2VRP41VVTGRSXA'];

test(
  'what was published before a start is remembered whatever is written first after it',
  inFolder(async ({ path }) => {
    const local = join(path, 'local');
    await nodeFileSystem.mkdir(local);
    const known = { seal: undefined, moved: {}, ends: {}, deletable: 0, published: { head: HEAD, seen: SEEN } };
    const memory = new PrivateMemory(nodeFileSystem, local, HEADER, known);
    await memory.covered(3);
    expect(await readSession(nodeFileSystem, local)).toMatchObject({ head: HEAD, seen: SEEN, deletable: 3 });
    const next = { ...HEADER, epoch: '01HF7YAT00FQ2VRP41VVTGRSXC', moved: { [HEADER.epoch]: 5 } };
    expect(await memory.succeeded(next)).toMatchObject({ published: { head: undefined, seen: SEEN } });
    expect(await readSession(nodeFileSystem, local)).toMatchObject({
      epoch: next.epoch,
      head: undefined,
      seen: SEEN,
      moved: { [HEADER.epoch]: 5 },
    });
  }),
);
