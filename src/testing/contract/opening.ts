import { MasterLockedError } from '../../errors.js';
import { decideOpening } from '../../protocol/opening.js';
import { decodeFrontier } from '../../store/frontier.js';
import type { OpeningFacts } from '../../store/opening.js';
import type { JournalRequest } from '../../store/store.js';
import type { Check } from './place.js';
import { holds, rejects, same } from './verdict.js';
import { NOTHING, readsAs, Writer } from './writer.js';

/** How a journal is opened: the store looks, asks, and does what it is told. */
export function opening(check: Check): void {
  check('a store tells what it finds before it opens a journal', async (at) => {
    const writer = new Writer('a');
    const store = at.open();
    const asked: OpeningFacts[] = [];
    const request = { ...writer.request, decide: (facts: OpeningFacts) => decideOpening(noted(asked, facts)) };
    const journal = await store.open(request);
    same(asked.at(-1)?.newest, undefined, 'the newest stream before there is one');
    await journal.append(writer.lines(store, journal.header, 1, 3), 1);
    await journal.publish('a frontier', { ...NOTHING, head: { seq: 2, id: journal.header.epoch } });
    await journal.close();
    await (await store.open(new Writer('b').request)).close();
    await (await at.open().open(request)).close();
    const { master, model, newest, session, streams, journal: end } = asked.at(-1) ?? {};
    same([master, model], ['a', writer.request.model]);
    same(newest?.stream, { master: 'a', epoch: journal.header.epoch }, 'the newest stream');
    same(newest?.header?.reason, 'new');
    same(streams?.map(({ stream }) => stream.master).sort(), ['a', 'b'], 'the masters of all streams');
    same([session?.epoch, session?.head?.seq], [journal.header.epoch, 2], 'what the machine remembers');
    same([end?.isWhole, end?.head?.seq], [true, 3], 'where the journal ends');
  });

  check('a store that is told to open nothing opens and changes nothing', async (at) => {
    const writer = new Writer('a');
    const error = new MasterLockedError('refused');
    const refusing: JournalRequest = { ...writer.request, decide: () => ({ kind: 'refuse', error }) };
    await rejects(at.open().open(refusing), 'MASTER_LOCKED');
    same(await at.open().streams(), []);
    const store = at.open();
    const journal = await store.open(writer.request);
    await journal.append(writer.lines(store, journal.header, 1, 1), 1);
    await journal.close();
    await rejects(at.open().open(refusing), 'MASTER_LOCKED');
    const again = await at.open().open(writer.request);
    same([again.header.epoch, again.head?.seq], [journal.header.epoch, 1]);
    await again.close();
  });

  check('a store that is told to begin again begins another stream and keeps the old one', async (at) => {
    const writer = new Writer('a');
    const store = at.open();
    const old = await store.open(writer.request);
    await old.append(writer.lines(store, old.header, 1, 2), 1);
    await old.close();
    // Its clock is behind: the new epoch is later because the store says which one was the last.
    const late = new Writer('a', () => 0);
    const told = { kind: 'begin', reason: 'restored', session: 'kept', publishesRest: false, notice: 'told' } as const;
    const remembered = { seal: undefined, moved: { [old.header.epoch]: 2 }, ends: { [old.header.epoch]: 2 } };
    const journal = await at.open().open({ ...late.request, decide: () => ({ ...told, remembered }) });
    const { reason, session, after, epoch } = journal.header;
    same([reason, session, after], ['restored', 'kept', null]);
    holds(epoch > old.header.epoch, `the new epoch ${epoch} is not later than ${old.header.epoch}`);
    same([journal.head, journal.moved, journal.ends], [undefined, remembered.moved, remembered.ends]);
    same(journal.notices, ['told']);
    await journal.close();
    // Whether anything was published in between or not.
    for (const frontier of [undefined, 'a frontier']) {
      const again = await at.open().open(late.request);
      same(again.header.epoch, epoch, 'the epoch that goes on');
      same(late.facts?.session?.session, 'kept', 'the session that is remembered');
      same([again.moved, again.ends], [remembered.moved, remembered.ends], 'what is remembered of earlier epochs');
      if (frontier === undefined) await again.close();
      else {
        await again.publish(frontier, NOTHING);
        await at.kill(again);
      }
    }
    const last = await at.open().open(late.request);
    same([last.header.epoch, last.moved, last.ends], [epoch, remembered.moved, remembered.ends]);
    const next = await last.succeed(late.successor(last, 0), '');
    await last.close();
    same(next.ends, remembered.ends, 'what the stream that succeeds remembers of earlier epochs');
    await next.close();
    const reopened = await at.open().open(late.request);
    same([reopened.header.epoch, reopened.ends], [next.header.epoch, remembered.ends]);
    await reopened.close();
    await readsAs(at.open(), old.header, 0, [1, 2]);
    const epochs = [old.header.epoch, epoch, next.header.epoch];
    same((await at.open().streams()).map(({ stream }) => stream.epoch).sort(), epochs.sort());
  });

  check('a store that is told to publish the rest of the old stream does so, once', async (at) => {
    const writer = new Writer('a');
    const store = at.open();
    const old = await store.open(writer.request);
    const lines = writer.lines(store, old.header, 1, 2);
    await old.append(lines, 1);
    await old.close();
    const remembered = { seal: undefined, moved: {}, ends: {} };
    const told = { kind: 'begin', reason: 'restored', session: 'kept', publishesRest: true, notice: 'told' } as const;
    const again: JournalRequest = { ...writer.request, decide: () => ({ ...told, remembered }) };
    const journal = await at.open().open(again);
    same([journal.notices.length, journal.notices.includes('told')], [2, true], 'what is said');
    const { id } = JSON.parse(lines.trimEnd().split('\n')[1] ?? '{}') as { id: string };
    const listed = (await at.open().streams()).find(({ stream }) => stream.epoch === old.header.epoch);
    const published = decodeFrontier(listed?.frontier, store.crc32);
    same([published?.head, published?.session], [{ seq: 2, id }, old.header.session], 'what is published');
    await journal.close();
    // There is nothing in the one that is left now.
    const last = await at.open().open(again);
    same(last.notices, ['told']);
    await last.close();
  });
}

function noted(asked: OpeningFacts[], facts: OpeningFacts): OpeningFacts {
  asked.push(facts);
  return facts;
}
