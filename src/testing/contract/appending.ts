import type { StreamHeader } from '../../event/event.js';
import type { FailureKind, Journal } from '../../store/store.js';
import { asked, type Check, type StorePlace } from './place.js';
import { holds, rejects, same } from './verdict.js';
import { bytesOf, chunksOf, NOTHING, range, readsAs, seqs, Writer } from './writer.js';

/** What is written to a stream, and what others read of it. */
export function appending(check: Check): void {
  check('what was appended is there after reopening, in order and once', async (at) => {
    const writer = new Writer('a');
    const store = at.open();
    const journal = await store.open(writer.request);
    same(journal.head, undefined);
    await journal.append(writer.lines(store, journal.header, 1, 3), 1);
    await journal.append(writer.lines(store, journal.header, 4, 5), 4);
    await journal.close();
    const again = at.open();
    const reopened = await again.open(writer.request);
    same(reopened.head?.seq, 5);
    same(reopened.header.epoch, journal.header.epoch);
    await readsAs(again, journal.header, 0, range(1, 5));
    await reopened.append(writer.lines(again, reopened.header, 6, 6), 6);
    await reopened.close();
    await readsAs(at.open(), journal.header, 4, [5, 6]);
  });

  check('what was appended survives a kill', async (at) => {
    const writer = new Writer('a');
    const store = at.open();
    const journal = await store.open(writer.request);
    await journal.append(writer.lines(store, journal.header, 1, 2), 1);
    await at.kill(journal);
    const again = at.open();
    const reopened = await again.open(writer.request);
    same(reopened.head?.seq, 2);
    await readsAs(again, reopened.header, 0, [1, 2]);
    await reopened.close();
  });

  check('lines that are sent again change nothing, and what is new in them is taken', async (at) => {
    const writer = new Writer('a');
    const store = at.open();
    const journal = await store.open(writer.request);
    const first = writer.lines(store, journal.header, 1, 3);
    const second = writer.lines(store, journal.header, 4, 6);
    await journal.append(first, 1);
    await journal.append(first, 1);
    await journal.append(first + second, 1);
    await journal.append(second, 4);
    await readsAs(at.open(), journal.header, 0, range(1, 6));
    same(await at.open().read(journal.header, 0, 6), (first + second).trimEnd().split('\n'));
    await rejects(journal.append(writer.lines(store, journal.header, 8, 8), 8));
    await journal.append(writer.lines(store, journal.header, 7, 7), 7);
    await at.kill(journal);
    const reopened = await at.open().open(writer.request);
    same(reopened.head?.seq, 7);
    await readsAs(at.open(), reopened.header, 0, range(1, 7));
    await reopened.close();
  });

  check('what is cut back is gone, and its numbers are free', async (at) => {
    const writer = new Writer('a');
    const store = at.open();
    const journal = await store.open(writer.request);
    await journal.append(writer.lines(store, journal.header, 1, 2), 1);
    await journal.cutBack(2);
    await journal.append(writer.lines(store, journal.header, 3, 3), 3);
    await journal.close();
    const reopened = await at.open().open(writer.request);
    same(reopened.head?.seq, 3);
    await reopened.close();
  });

  check(
    'what a call may have left that failed is taken back, and other events get its numbers',
    async (first, make) => {
      const { failures } = first.open().capabilities;
      for (const kind of failures)
        // Wherever in the call it fails, until it succeeds.
        for (let at = 0, hasFailed = true; hasFailed; at++) hasFailed = await takesBack(await make(), at, kind);
    },
  );

  check('read gives exactly the range that was asked for', async (at) => {
    const writer = new Writer('a');
    const store = at.open();
    const journal = await store.open(writer.request);
    await journal.append(writer.lines(store, journal.header, 1, 10), 1);
    const reader = at.open();
    const between = async (after: number, upTo: number): Promise<number[]> =>
      seqs(reader, await reader.read(journal.header, after, upTo));
    same(await between(3, 6), [4, 5, 6]);
    same(await between(6, 8), [7, 8]);
    same(await between(0, 2), [1, 2]);
    same(await between(10, 20), []);
    await journal.append(writer.lines(store, journal.header, 11, 12), 11);
    same(await between(10, 20), [11, 12]);
    same(await reader.read({ master: 'nobody', epoch: journal.header.epoch }, 0, 9), []);
    await journal.close();
  });

  check('arguments of a megabyte come back, among small ones', async (at) => {
    const writer = new Writer('a');
    const store = at.open();
    const journal = await store.open(writer.request);
    const large = 'ä"\\\n\u2028'.repeat(200_000);
    await journal.append(writer.lines(store, journal.header, 1, 2), 1);
    await journal.append(writer.lines(store, journal.header, 3, 4, large), 3);
    await journal.append(writer.lines(store, journal.header, 5, 5), 5);
    await journal.close();
    const reader = at.open();
    await readsAs(reader, journal.header, 0, range(1, 5));
    const [line] = await reader.read(journal.header, 3, 4);
    holds((JSON.parse(line ?? '{}') as { args: unknown[] }).args[1] === large, 'the large argument differs');
  });

  check('who reads while another appends gets whole lines, in order, without a gap', async (at) => {
    const writer = new Writer('a');
    const store = at.open();
    const journal = await store.open(writer.request);
    const reader = at.open();
    const state = { written: 0, isDone: false };
    const reading = (async () => {
      while (!state.isDone) {
        const before = state.written;
        const found = seqs(reader, await reader.read(journal.header, 0, 1e6));
        same(found, range(1, found.length));
        holds(found.length >= before, `${found.length} events are read, although ${before} were durable before`);
      }
    })();
    for (let batch = 0; batch < 40; batch++) {
      await journal.append(
        writer.lines(store, journal.header, state.written + 1, state.written + 5),
        state.written + 1,
      );
      state.written += 5;
      if (batch % 10 === 9) await journal.rotate();
    }
    state.isDone = true;
    await reading;
    await readsAs(reader, journal.header, 0, range(1, 200));
    await journal.close();
  });

  check('what can be durable before a call returns is as durable', async (at) => {
    const writer = new Writer('a');
    const store = at.open();
    const journal = await store.open(writer.request);
    same(journal.now !== undefined, store.capabilities.now, 'whether there is `now`, and what the capabilities say,');
    const { now } = journal;
    if (now !== undefined) {
      const first = writer.lines(store, journal.header, 1, 2);
      now.append(first, 1);
      now.append(first, 1);
      now.cutBack(2);
      const pending = journal.append(writer.lines(store, journal.header, 3, 4), 3);
      now.append(writer.lines(store, journal.header, 5, 5), 5);
      await pending;
      await new Promise<void>((resolve) => now.soon(resolve));
      same(typeof now.isQuick(), 'boolean', 'what `isQuick` says');
    } else await journal.append(writer.lines(store, journal.header, 1, 5), 1);
    await at.kill(journal);
    const reopened = await at.open().open(writer.request);
    same(reopened.head?.seq, 5);
    await readsAs(at.open(), reopened.header, 0, range(1, 5));
    await reopened.close();
  });

  check('a frontier is replaced as a whole and seen by others', async (at) => {
    const writer = new Writer('a');
    const store = at.open();
    const journal = await store.open(writer.request);
    same((await at.open().streams())[0]?.frontier, undefined);
    await journal.publish('first', NOTHING);
    await journal.publish('second and longer', NOTHING);
    const long = `third ${'of many streams '.repeat(2 ** 16)}`;
    await journal.publish(long, NOTHING);
    const listings = await at.open().streams();
    same(
      listings.map(({ stream, frontier }) => [stream.master, stream.epoch, frontier]),
      [['a', journal.header.epoch, long]],
    );
    await journal.close();
  });

  check('who looked before anything was there finds it when it is', async (at) => {
    const writer = new Writer('a');
    const store = at.open();
    const journal = await store.open(writer.request);
    const header = writer.successor(journal, 0);
    const reader = at.open();
    const look = async (stream: StreamHeader): Promise<unknown[]> => [
      (await reader.streams()).find(({ stream: { epoch } }) => epoch === stream.epoch)?.frontier,
      (await reader.header(stream))?.epoch,
      seqs(reader, await reader.read(stream, 0, 9)),
      (await reader.snapshots(stream)).map(({ position }) => position),
    ];
    same(await look(journal.header), [undefined, journal.header.epoch, [], []], 'what is found of a new stream');
    same(await look(header), [undefined, undefined, [], []], 'what is found of a stream to come');
    const position = writer.next();
    const written = async (to: Journal, text: string): Promise<void> => {
      await to.append(writer.lines(store, to.header, 1, 2), 1);
      await to.writeSnapshot(position, chunksOf('state'));
      await to.publish(text, NOTHING);
      same(await look(to.header), [text, to.header.epoch, [1, 2], [position]], 'what is found when it is there');
      await to.publish(`${text} again`, NOTHING);
      same((await look(to.header))[0], `${text} again`, 'the frontier that is found');
    };
    await written(journal, 'first');
    const next = await journal.succeed(header, '');
    await journal.close();
    await written(next, 'second');
    await next.close();
  });

  check(
    'events and frontiers that come while a snapshot is written are there, and it is found when it is whole',
    async (at) => {
      const writer = new Writer('a');
      const store = at.open();
      const journal = await store.open(writer.request);
      await journal.append(writer.lines(store, journal.header, 1, 2), 1);
      const position = writer.next();
      const meanwhile: Promise<void>[] = [];
      const chunks = async function* (): AsyncGenerator<Uint8Array> {
        yield* chunksOf('first half, ');
        meanwhile.push(journal.append(writer.lines(store, journal.header, 3, 4), 3), journal.publish('told', NOTHING));
        same(await at.open().snapshots(journal.header), [], 'what is found of a snapshot that is being written');
        yield* chunksOf('second half');
      };
      await journal.writeSnapshot(position, chunks());
      await Promise.all(meanwhile);
      const reader = at.open();
      await readsAs(reader, journal.header, 0, range(1, 4));
      same((await reader.streams())[0]?.frontier, 'told', 'the frontier');
      same(new TextDecoder().decode(await bytesOf(reader, journal, position)), 'first half, second half');
      await journal.close();
    },
  );

  check('a journal that was closed writes nothing more', async (at) => {
    const writer = new Writer('a');
    const store = at.open();
    const journal = await store.open(writer.request);
    await journal.append(writer.lines(store, journal.header, 1, 2), 1);
    await journal.publish('while it was open', NOTHING);
    await journal.close();
    const late = writer.lines(store, journal.header, 3, 3);
    await rejects(journal.append(late, 3));
    await rejects(journal.publish('afterwards', NOTHING));
    await rejects(journal.writeSnapshot(writer.next(), chunksOf('state')));
    await rejects(journal.succeed(writer.successor(journal, 2), ''));
    await readsAs(at.open(), journal.header, 0, [1, 2]);
    same(await at.open().snapshots(journal.header), [], 'the snapshots');
    same(
      (await at.open().streams()).map(({ frontier }) => frontier),
      ['while it was open'],
    );
    const reopened = await at.open().open(writer.request);
    same(reopened.head?.seq, 2);
    // Whatever it says: the name is another one's now.
    await journal.close().catch(() => undefined);
    await rejects(at.open().open(writer.request), 'MASTER_LOCKED');
    await reopened.close();
  });
}

/** Lets a call fail while events are appended, takes back what came of it, and appends others. Gives whether it failed. */
async function takesBack(at: StorePlace, call: number, kind: FailureKind): Promise<boolean> {
  const faults = asked(at.faults, 'failures');
  const writer = new Writer('a');
  const store = at.open();
  const journal = await store.open(writer.request);
  const before = writer.lines(store, journal.header, 1, 2);
  await journal.append(before, 1);
  faults.fail(call, kind);
  const hasFailed = await journal.append(writer.lines(store, journal.header, 3, 5), 3).then(
    () => false,
    () => true,
  );
  faults.heal();
  if (hasFailed) {
    await journal.cutBack(2);
    await readsAs(at.open(), journal.header, 0, [1, 2]);
    const others = writer.lines(store, journal.header, 3, 4);
    await journal.append(others, 3);
    const later = writer.lines(store, journal.header, 5, 5);
    await journal.append(later, 5);
    const lines = (before + others + later).trimEnd().split('\n');
    same(await at.open().read(journal.header, 0, 9), lines, `what is there after call ${call} was ${kind}`);
  }
  await journal.close();
  return hasFailed;
}
