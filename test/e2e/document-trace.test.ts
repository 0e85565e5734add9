/** A real document history, key by key, through a real master. The recording is kept beside the repository. */
import { hasTrace, readTrace } from '../../bench/trace.js';
import { TextDocument } from '../../bench/text-document.js';
import { Master, MemoryStore } from '../../src/index.js';

const TURN = 1_000;

describe('a recorded document history', () => {
  if (!hasTrace()) {
    test.todo(`ends with the recorded text; not run, because the recording is not there`);
    return;
  }

  test('ends with the recorded text, live and reopened', async () => {
    const { edits, end } = readTrace();
    const store = new MemoryStore();
    // No snapshot, so that reopening replays everything.
    const options = { name: 'writer', store, snapshotEvery: 10 * edits.length + 1 };
    const live = await Master.open(TextDocument, options);
    let count = 0;
    for (const [position, deleted, inserted] of edits) {
      live.model.edit(position, deleted, inserted);
      if (++count % TURN === 0) await live.durable();
    }
    expect(live.query((document) => document.text())).toBe(end);
    const { pieces } = live.query((document) => document);
    await live.close();

    const reopened = await Master.open(TextDocument, options);
    expect(reopened.query((document) => document.text())).toBe(end);
    expect(reopened.query((document) => document.pieces)).toEqual(pieces);
    const { streams } = await reopened.status();
    expect(Object.values(streams)).toEqual([{ accepted: edits.length, published: edits.length }]);
    await reopened.close();
  });
});
