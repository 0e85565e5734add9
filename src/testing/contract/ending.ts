import type { Journal, Store } from '../../store/store.js';
import type { Check } from './place.js';
import { holds, rejects, same } from './verdict.js';
import { chunksOf, NOTHING, range, readsAs, sameHeader, seqs, Writer } from './writer.js';

/** How streams end: in a successor; and what is deleted of them. */
export function ending(check: Check): void {
  check('a stream is succeeded by another one in one step, and later starts go on in that', async (at) => {
    const writer = new Writer('a');
    const store = at.open();
    const journal = await store.open(writer.request);
    await journal.append(writer.lines(store, journal.header, 1, 3), 1);
    await journal.publish('old', NOTHING);
    const header = writer.successor(journal, 3);
    const first = writer.lines(store, header, 1, 2);
    const next = await journal.succeed(header, first);
    sameHeader(next.header, header);
    // As after a lost answer.
    const again = await journal.succeed(header, first);
    await rejects(journal.append(writer.lines(store, journal.header, 4, 4), 4));
    await journal.close();
    // The name is the successor's now.
    await rejects(at.open().open(new Writer('a').request), 'MASTER_LOCKED');
    await again.append(writer.lines(store, header, 3, 3), 3);
    await again.publish('new', NOTHING);
    const reader = at.open();
    sameHeader(await reader.header(header), header);
    await readsAs(reader, header, 0, [1, 2, 3]);
    await readsAs(reader, journal.header, 0, [1, 2, 3]);
    await at.kill(again);
    const reopened = await at.open().open(writer.request);
    sameHeader(reopened.header, header);
    same(reopened.head?.seq, 3);
    same(reopened.moved, { [journal.header.epoch]: 3 });
    await reopened.close();
  });

  check('streams that succeed each other before anything is published are still those of this machine', async (at) => {
    const writer = new Writer('a');
    const store = at.open();
    const first = await store.open(writer.request);
    await first.append(writer.lines(store, first.header, 1, 3), 1);
    await first.publish('old', NOTHING);
    const header = writer.successor(first, 3);
    const second = await first.succeed(header, writer.lines(store, header, 1, 1));
    await first.close();
    const third = await second.succeed(writer.successor(second, 1), '');
    await second.close();
    await at.kill(third);
    const reopened = await at.open().open(writer.request);
    sameHeader(reopened.header, third.header);
    same(writer.facts?.session?.epoch, third.header.epoch, 'the epoch that is remembered');
    same(reopened.moved, { [first.header.epoch]: 3, [second.header.epoch]: 1 }, 'what was issued again');
    await reopened.close();
  });

  check('the frontier of an earlier stream can be replaced', async (at) => {
    const writer = new Writer('a');
    const store = at.open();
    const journal = await store.open(writer.request);
    await journal.publish('old', NOTHING);
    const next = await journal.succeed(writer.successor(journal, 0), '');
    await journal.close();
    await next.retire(journal.header, 'moved on');
    const listed = (await at.open().streams()).map(({ stream, frontier }) => [stream.epoch, frontier]);
    same(
      listed.sort(),
      [
        [journal.header.epoch, 'moved on'],
        [next.header.epoch, undefined],
      ].sort(),
    );
    await next.close();
  });

  check('events that are deleted are gone for everybody, the newest ones stay, and the stream goes on', async (at) => {
    const writer = new Writer('a');
    const store = at.open();
    const journal = await store.open(writer.request);
    await journal.append(writer.lines(store, journal.header, 1, 5), 1);
    await journal.rotate();
    await journal.append(writer.lines(store, journal.header, 6, 8), 6);
    await journal.rotate();
    await journal.append(writer.lines(store, journal.header, 9, 9), 9);
    const head = { seq: 9, id: idOf(await at.open().read(journal.header, 8, 9)) };
    await journal.publish('a frontier', { head, seal: undefined, seen: [], deletable: 8 });
    holds((await journal.deletableEvents(journal.header, 5)) > 0, 'nothing could be deleted');
    const before = (await journal.size()).journal;
    const freed = await journal.deleteEvents(journal.header, 5);
    holds(freed > 0, 'nothing was freed');
    holds((await journal.size()).journal < before, 'the journal has not become smaller');
    same(seqs(store, await at.open().read(journal.header, 0, 99)), [], 'what is read of deleted events');
    await readsAs(at.open(), journal.header, 5, range(6, 9));
    same(await journal.deleteEvents(journal.header, 5), 0);
    sameHeader(await at.open().header(journal.header), journal.header);
    await journal.append(writer.lines(store, journal.header, 10, 10), 10);
    await at.kill(journal);
    const reopened = await at.open().open(writer.request);
    same([reopened.header.epoch, reopened.head?.seq], [journal.header.epoch, 10]);
    await readsAs(at.open(), journal.header, 5, range(6, 10));
    await reopened.close();
  });

  check('events of an earlier stream are deleted, and none of the one that goes on', async (at) => {
    const writer = new Writer('a');
    const store = at.open();
    const old = await store.open(writer.request);
    await inSegments(writer, store, old);
    const next = await old.succeed(writer.successor(old, 9), '');
    await old.close();
    await inSegments(writer, store, next);
    const deletable = await next.deletableEvents(old.header, 6);
    holds(deletable > 0, 'nothing could be deleted');
    holds((await next.deleteEvents(old.header, 6)) >= deletable, 'less was freed than could be deleted');
    same(await next.deletableEvents(old.header, 6), 0, 'what could still be deleted');
    const reader = at.open();
    await readsAs(reader, old.header, 6, [7, 8, 9]);
    await readsAs(reader, next.header, 0, range(1, 9));
    await next.close();
  });

  check('the newest event of a stream is never deleted', async (at) => {
    const writer = new Writer('a');
    const store = at.open();
    const journal = await store.open(writer.request);
    await journal.append(writer.lines(store, journal.header, 1, 3), 1);
    const head = { seq: 3, id: idOf(await at.open().read(journal.header, 2, 3)) };
    await journal.publish('a frontier', { head, seal: undefined, seen: [], deletable: 3 });
    await journal.deleteEvents(journal.header, 3);
    await readsAs(at.open(), journal.header, 2, [3]);
    await journal.close();
    const reopened = await at.open().open(writer.request);
    same(reopened.head, head);
    await reopened.close();
  });

  check('an earlier stream is deleted as a whole, and only that', async (at) => {
    const writer = new Writer('a');
    const store = at.open();
    const journal = await store.open(writer.request);
    await journal.append(writer.lines(store, journal.header, 1, 3), 1);
    const other = new Writer('a-b');
    const neighbour = await store.open(other.request);
    await neighbour.append(other.lines(store, neighbour.header, 1, 2), 1);
    await journal.writeSnapshot(journal.header.epoch, chunksOf('state'));
    const header = writer.successor(journal, 3);
    const next = await journal.succeed(header, writer.lines(store, header, 1, 3));
    await journal.close();
    for (const kept of [next, neighbour]) {
      await kept.writeSnapshot(header.epoch, chunksOf('state'));
      await kept.publish('kept', NOTHING);
    }
    const deletable = await next.deletableStream(journal.header);
    holds(deletable > 0, 'nothing could be deleted');
    same(await next.deleteStream(journal.header), deletable, 'what was freed');
    same(await next.deleteStream(journal.header), 0);
    const reader = at.open();
    same(await reader.read(journal.header, 0, 9), []);
    same(await reader.snapshots(journal.header), [], 'the snapshots of a stream that was deleted');
    await readsAs(reader, header, 0, [1, 2, 3]);
    await readsAs(reader, neighbour.header, 0, [1, 2]);
    for (const kept of [next, neighbour])
      same(await reader.snapshots(kept.header), [{ position: header.epoch }], 'the snapshots of another stream');
    const listed = (await reader.streams()).map(({ stream: { master, epoch }, frontier }) => [master, epoch, frontier]);
    const kept = [next, neighbour].map(({ header: { master, epoch } }) => [master, epoch, 'kept']);
    same(listed.sort(), kept.sort(), 'the streams that are left');
    await next.close();
    await neighbour.close();
  });

  check('who reads while events are deleted gets what it asked for, or nothing', async (at) => {
    const writer = new Writer('a');
    const store = at.open();
    const journal = await store.open(writer.request);
    for (let first = 1; first <= 100; first += 10) {
      await journal.append(writer.lines(store, journal.header, first, first + 9), first);
      await journal.rotate();
    }
    const head = { seq: 100, id: idOf(await at.open().read(journal.header, 99, 100)) };
    await journal.publish('a frontier', { head, seal: undefined, seen: [], deletable: 90 });
    const reader = at.open();
    const state = { isDone: false };
    const reading = (async () => {
      while (!state.isDone)
        for (const after of [0, 35, 90]) {
          const found = seqs(reader, await reader.read(journal.header, after, 100));
          same(found, range(after + 1, after + found.length));
          holds(after < 90 || found.length === 10, `events that nobody deleted are not read: ${found.join()}`);
        }
    })();
    for (let upTo = 10; upTo <= 90; upTo += 10) await journal.deleteEvents(journal.header, upTo);
    state.isDone = true;
    await reading;
    await journal.close();
  });
}

function idOf(lines: readonly string[]): string {
  return (JSON.parse(lines[0] ?? '{}') as { id: string }).id;
}

/** Nine events, in threes, of which eight may be deleted. */
async function inSegments(writer: Writer, store: Store, journal: Journal): Promise<void> {
  for (const first of [1, 4, 7]) {
    if (first > 1) await journal.rotate();
    await journal.append(writer.lines(store, journal.header, first, first + 2), first);
  }
  const head = { seq: 9, id: writer.next() };
  await journal.publish('a frontier', { head, seal: undefined, seen: [], deletable: 8 });
}
