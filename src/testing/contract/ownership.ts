import { asked, type Check } from './place.js';
import { holds, rejects, same } from './verdict.js';
import { bytesOf, chunksOf, NOTHING, range, readsAs, sameHeader, Writer } from './writer.js';

/** As long as a name can be. */
const LONGEST = 'a'.repeat(63);
const POSITION = `${'0'.repeat(25)}1`;

/** Names, who writes under them, and who hears of it. */
export function ownership(check: Check): void {
  check('a new place has no streams', async (at) => {
    same(await at.open().streams(), []);
  });

  check('a store holds one model', async (at) => {
    await (await at.open().open(new Writer('a').request)).close();
    await rejects(at.open().open({ ...new Writer('b').request, model: 'another' }), 'MODEL_MISMATCH');
  });

  check('masters whose names begin alike have streams of their own, and one name has one writer', async (at) => {
    const store = at.open();
    const writers = ['a', 'a-b', 'a0', 'ab', 'a-b-c', 'constructor', LONGEST].map((name) => new Writer(name));
    const journals = [];
    for (const [index, writer] of writers.entries()) {
      const journal = await store.open(writer.request);
      await rejects(store.open(writer.request), 'MASTER_LOCKED');
      await rejects(at.open().open(writer.request), 'MASTER_LOCKED');
      await journal.append(writer.lines(store, journal.header, 1, index + 1), 1);
      await journal.publish(writer.request.master, NOTHING);
      journals.push(journal);
    }
    const reader = at.open();
    for (const [index, { header }] of journals.entries()) {
      sameHeader(await reader.header(header), header);
      await readsAs(reader, header, 0, range(1, index + 1));
    }
    const listed = (await reader.streams()).map(({ stream, frontier }) => `${stream.master} ${frontier ?? ''}`);
    same(listed.sort(), writers.map(({ request: { master } }) => `${master} ${master}`).sort());
    for (const journal of journals) await journal.close();
    await (await at.open().open(writers[0]?.request ?? new Writer('a').request)).close();
  });

  check('a stream says in its header whose it is, also to others', async (at) => {
    const store = at.open();
    const journal = await store.open(new Writer('a').request);
    sameHeader(await at.open().header(journal.header), journal.header);
    same(await at.open().header({ master: 'b', epoch: journal.header.epoch }), undefined);
    await journal.close();
  });

  check('who slept until another took over writes nothing more, and may look', async (at) => {
    const store = at.open();
    if (!store.capabilities.fences) return;
    const [first, second] = [new Writer('a'), new Writer('a')];
    const journal = await store.open(first.request);
    await journal.append(first.lines(store, journal.header, 1, 2), 1);
    await journal.publish('of the first', NOTHING);
    const sleeper = await journal.succeed(first.successor(journal, 0), '');
    await journal.close();
    await sleeper.append(first.lines(store, sleeper.header, 1, 2), 1);
    await sleeper.writeSnapshot(POSITION, chunksOf('whole'));
    await asked(at.suspend?.bind(at), 'fences')(sleeper);
    const other = at.open();
    const taker = await other.open(second.request);
    same(taker.head?.seq ?? 0, taker.header.epoch === sleeper.header.epoch ? 2 : 0);
    const late = first.lines(store, sleeper.header, 3, 3);
    // Also before the taker has written anything.
    await isFenced('append', sleeper.append(late, 3));
    await readsAs(at.open(), sleeper.header, 0, [1, 2]);
    const from = (taker.head?.seq ?? 0) + 1;
    await taker.append(second.lines(other, taker.header, from, from), from);
    await taker.publish('of the taker', NOTHING);
    const works: Readonly<Record<string, () => Promise<unknown>>> = {
      append: () => sleeper.append(late, 3),
      cutBack: () => sleeper.cutBack(1),
      publish: () => sleeper.publish('of the past', NOTHING),
      retire: () => sleeper.retire(journal.header, 'of the past'),
      rotate: () => sleeper.rotate(),
      writeSnapshot: () => sleeper.writeSnapshot(POSITION, chunksOf('another')),
      removeSnapshot: () => sleeper.removeSnapshot({ position: POSITION }),
      deleteEvents: () => sleeper.deleteEvents(sleeper.header, 2),
      deleteStream: () => sleeper.deleteStream(journal.header),
      succeed: () => sleeper.succeed(first.successor(sleeper, 2), ''),
    };
    for (const [member, work] of Object.entries(works)) {
      await isFenced(member, work());
      // It had no effect.
      const reader = at.open();
      await readsAs(reader, journal.header, 0, [1, 2]);
      await readsAs(reader, taker.header, 0, range(1, from));
      same(new TextDecoder().decode(await bytesOf(reader, sleeper, POSITION)), 'whole', 'the snapshot');
      const frontiers = new Map((await reader.streams()).map(({ stream, frontier }) => [stream.epoch, frontier]));
      same(frontiers.get(journal.header.epoch), 'of the first', 'the frontier of the earlier stream');
      same(frontiers.get(taker.header.epoch), 'of the taker', 'the frontier of who took over');
    }
    // It may still look, and say in its status what happened.
    await sleeper.size();
    await sleeper.close();
    await taker.append(second.lines(other, taker.header, from + 1, from + 1), from + 1);
    await readsAs(at.open(), taker.header, 0, range(1, from + 1));
    await taker.close();
  });

  check('a store that can watch tells that others published, until it is told to stop', async (at) => {
    const store = at.open();
    same(
      store.watch !== undefined,
      store.capabilities.watch,
      'whether there is `watch`, and what the capabilities say,',
    );
    if (store.watch === undefined) return;
    const mine = await store.open(new Writer('a').request);
    const other = at.open();
    const theirs = await other.open(new Writer('b').request);
    let heard: () => void = () => undefined;
    const failures: unknown[] = [];
    const stop = await store.watch('a', { changed: () => heard(), failed: (error) => failures.push(error) });
    for (const text of ['first', 'second']) {
      let told = 0;
      heard = () => told++;
      // Again and again: a watcher may miss a change, but not all of them.
      while (told === 0) await theirs.publish(text, NOTHING);
    }
    await stop();
    heard = () => failures.push('told after the end');
    await theirs.publish('third', NOTHING);
    holds(failures.length === 0, `the watcher failed: ${failures.map(String).join()}`);
    await mine.close();
    await theirs.close();
  });
}

async function isFenced(member: string, work: Promise<unknown>): Promise<void> {
  await rejects(work, 'MASTER_FENCED').catch((error: unknown) => {
    throw new Error(`${member}: ${(error as Error).message}`, { cause: error });
  });
}
