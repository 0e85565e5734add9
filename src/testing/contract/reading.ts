import { asked, type Check } from './place.js';
import { holds, rejects, same } from './verdict.js';
import { NOTHING, readsAs, Writer } from './writer.js';

/** What a store says of itself, and of what it cannot read. */
export function reading(check: Check): void {
  check('a store says where it is, and stores of other journals are at other places', async (at, make) => {
    const [store, other] = [at.open(), (await make()).open()];
    holds(store.location !== '', 'the store has no name');
    holds(store.place !== other.place, 'stores of other journals are at the same place');
    same(store.crc32(new TextEncoder().encode('123456789')), 0xcbf43926, 'the CRC-32 of 123456789');
  });

  check('a store lets time pass', async (at) => {
    await at.open().pause(1);
  });

  check('what cannot be read of one stream is told, and keeps no other one back', async (at) => {
    const [bad, good] = [new Writer('bad'), new Writer('good')];
    for (const writer of [bad, good]) {
      const store = at.open();
      const journal = await store.open(writer.request);
      await journal.append(writer.lines(store, journal.header, 1, 2), 1);
      await journal.publish('a frontier', NOTHING);
      await journal.close();
    }
    const reader = at.open();
    const streams = (await reader.streams()).map(({ stream }) => stream);
    const [broken, whole] = ['bad', 'good'].map((master) => streams.find((stream) => stream.master === master));
    if (broken === undefined || whole === undefined) throw new Error('a stream is not listed');
    for (const stream of [broken, whole, { ...whole, master: 'nobody' }]) same(reader.trouble(stream), undefined);
    if (!reader.capabilities.troubles) return;
    const mend = await asked(at.spoil?.bind(at), 'troubles')(broken);
    const listed = await reader.streams();
    await reader.read(broken, 0, 9);
    holds((reader.trouble(broken) ?? '') !== '', 'nothing is told of a stream that cannot be read');
    same(reader.trouble(whole), undefined, 'what is told of another stream');
    same(listed.find(({ stream }) => stream.master === 'good')?.frontier, 'a frontier');
    same((await reader.read(whole, 0, 9)).length, 2, 'what is read of another stream');
    await mend();
    await reader.streams();
    same(reader.trouble(broken), undefined, 'what is told of a stream that can be read again');
    same((await reader.read(broken, 0, 9)).length, 2, 'what is read of it');
  });

  check('who asks for some masters learns all that is new of them, and what it knows of others', async (at) => {
    const [mine, other] = [new Writer('a'), new Writer('b')];
    const store = at.open();
    const journal = await store.open(mine.request);
    const theirs = await store.open(other.request);
    const reader = at.open();
    same((await reader.streams()).length, 2, 'how many streams are listed');
    const next = await journal.succeed(mine.successor(journal, 0), '');
    await journal.close();
    await next.publish('of a', NOTHING);
    await theirs.publish('of b', NOTHING);
    const expected = [
      ['a', journal.header.epoch, undefined],
      ['a', next.header.epoch, 'of a'],
      ['b', theirs.header.epoch, 'of b'],
    ];
    for (const again of [new Set(['a']), new Set<string>(), 'all'] as const) {
      const listed = await reader.streams(again);
      const told = listed.map(({ stream: { master, epoch }, frontier }) => [master, epoch, frontier]);
      same(told.sort(), expected, 'what is listed');
    }
    await next.close();
    await theirs.close();
  });

  check('a journal is checked as a whole, and damage in it is told', async (at) => {
    const writer = new Writer('a');
    const store = at.open();
    const journal = await store.open(writer.request);
    await journal.check();
    await journal.append(writer.lines(store, journal.header, 1, 2), 1);
    await journal.rotate();
    await journal.append(writer.lines(store, journal.header, 3, 3), 3);
    await journal.check();
    await readsAs(at.open(), journal.header, 0, [1, 2, 3]);
    if (store.capabilities.checks) {
      await asked(at.damage?.bind(at), 'checks')(journal.header);
      await rejects(journal.check(), 'JOURNAL_DAMAGED');
    }
    await journal.close();
  });

  check('what others removed of an open journal is put back, and told, where a store can do that', async (at) => {
    const writer = new Writer('a');
    const store = at.open();
    const journal = await store.open(writer.request);
    const { putsBack } = store.capabilities;
    same([journal.keep !== undefined, journal.hold !== undefined], [putsBack, putsBack]);
    if (!putsBack) return journal.close();
    const told: string[] = [];
    journal.keep?.({ recall: () => [], putBack: (message) => told.push(message) });
    await journal.append(writer.lines(store, journal.header, 1, 2), 1);
    const remove = asked(at.remove?.bind(at), 'putsBack');
    await remove(journal.header);
    journal.hold?.();
    same(told.length, 1, 'how often it was told');
    await remove(journal.header);
    await journal.append(writer.lines(store, journal.header, 3, 3), 3);
    same(told.length, 2, 'how often it was told');
    await readsAs(at.open(), journal.header, 0, [1, 2, 3]);
    await journal.close();
  });

  check('a machine remembers the newest seal that it published, and what may be deleted', async (at) => {
    const writer = new Writer('a');
    const store = at.open();
    const journal = await store.open(writer.request);
    same(journal.seal, undefined);
    await journal.append(writer.lines(store, journal.header, 1, 2), 1);
    const [, line = '{}'] = await store.read(journal.header, 0, 2);
    const { id } = JSON.parse(line) as { id: string };
    const seal = { no: 1, by: `a@${journal.header.epoch}`, H: id, V: {}, chain: [] };
    const seen = [`b@${journal.header.epoch}`];
    await journal.publish('a frontier', { head: { seq: 2, id }, seal, seen, deletable: 1 });
    await at.kill(journal);
    const reopened = await at.open().open(writer.request);
    same(reopened.seal, seal);
    const { session } = writer.facts ?? {};
    const told = [session?.epoch, session?.head, session?.deletable, session?.seen];
    same(told, [journal.header.epoch, { seq: 2, id }, 1, seen], 'what the machine remembers');
    const next = await reopened.succeed(writer.successor(reopened, 2), '');
    same(next.seal, seal, 'the seal in the stream that succeeds');
    await reopened.close();
    await next.close();
  });
}
