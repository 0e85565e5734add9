/** What real NATS servers, and who runs them, may do to a store: permissions, limits, settings, lost and closed connections. */
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { Master, Prevalent, Transaction } from '../../src/index.js';
import { NatsStore, type NatsStoreOptions } from '../../src/store/nats/index.js';
import { NOTHING, Writer } from '../../src/testing/contract/writer.js';
import { forgetAll, instead } from '../nats-records.js';
import { NatsServer } from '../nats-server.js';
import { natsServer, withNats } from '../with-nats.js';

@Prevalent('lists')
class Lists {
  readonly items: string[] = [];
  @Transaction() add(item: string): void {
    this.items.push(item);
  }
}

@Prevalent('others')
class Others {
  count = 0;
  @Transaction() up(): void {
    this.count++;
  }
}

const open = async (options: NatsStoreOptions, name = 'a'): Promise<Master<Lists>> => {
  const master = await Master.open(Lists, { name, store: new NatsStore(options) });
  // What fails is told by the calls as well.
  master.on('error', () => undefined);
  return master;
};

withNats('a NatsStore', () => {
  let server: NatsServer;
  let nc: NatsConnection;
  beforeAll(async () => {
    server = await NatsServer.start(natsServer);
    nc = await server.connect();
  });
  afterAll(async () => {
    await nc.close();
    await server.stop();
  });

  test('makes its streams once, whoever starts first, and masters of one space meet there', async () => {
    const names = ['a', 'b', 'c', 'd', 'e', 'f'];
    const servers = server.url;
    const masters = await Promise.all(names.map((name) => open({ servers, stream: 'once', space: 'one' }, name)));
    for (const [index, master] of masters.entries()) await master.transact((lists) => lists.add(`of ${index}`));
    for (let round = 0; round < 2; round++) for (const master of masters) await master.sync();
    for (const master of masters)
      // Calls of two masters within one millisecond may come in either order.
      expect(master.query(({ items }) => [...items].sort())).toEqual(names.map((_, index) => `of ${index}`));
    expect(new Set(masters.map((master) => master.query(({ items }) => items.join()))).size).toBe(1);
    await Promise.all(masters.map((master) => master.close()));
  });

  test('keeps spaces apart, and holds one model in each, also if two are begun at once', async () => {
    const first = await open({ connection: nc, space: 'first' });
    await first.transact((lists) => lists.add('milk'));
    const second = await open({ connection: nc, space: 'second' });
    await second.sync();
    expect(second.query(({ items }) => items)).toEqual([]);
    const settled = await Promise.allSettled([
      Master.open(Lists, { name: 'a', store: new NatsStore({ connection: nc, space: 'third' }) }),
      Master.open(Others, { name: 'b', store: new NatsStore({ servers: server.url, space: 'third' }) }),
    ]);
    const [reason] = settled.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []));
    expect(reason).toMatchObject({ code: 'MODEL_MISMATCH' });
    for (const one of settled) if (one.status === 'fulfilled') await one.value.close();
    await Promise.all([first.close(), second.close()]);
  });

  test.each([
    ['nothing to reach', {}, /either connection or servers/],
    ['two ways', { connection: {} as NatsConnection, servers: 'a' }, /either connection or servers/],
    ['what is no connection', { connection: {} as NatsConnection }, /connect\(\) of @nats-io/],
    ['no address', { servers: [] }, /at least one address/],
    ['an address of something else', { servers: 'postgres://secret@host' }, /^(?!.*secret).*nats:\/\/host:4222/],
    ['a space that is no token', { servers: 'a', space: 'a.b' }, /space: "a\.b" cannot be part of a subject/],
    ['a stream that is no token', { servers: 'a', stream: '' }, /stream: "" cannot be part of a subject/],
    ['replicas', { servers: 'a', replicas: 0 }, /replicas: 0/],
    ['silence', { servers: 'a', silence: -1 }, /silence: -1/],
    ['a time limit', { servers: 'a', timeLimit: Number.NaN }, /timeLimit: NaN/],
  ])('refuses %s', (_name, options, message) => {
    expect(() => new NatsStore(options)).toThrow(
      expect.objectContaining({ code: 'INVALID_OPTION', message: expect.stringMatching(message) }),
    );
  });

  test('refuses streams that would lose what was acknowledged', async () => {
    const jsm = await jetstreamManager(nc);
    await jsm.streams.add({ name: 'short', subjects: ['short.*.*.*'], max_age: 1e15 });
    await expect(open({ connection: nc, stream: 'short' })).rejects.toMatchObject({
      code: 'INVALID_OPTION',
      message: expect.stringMatching(/stream short .*max_age is set.*discard is old/),
    });
  });

  test('takes what is full for refused: the call is undone, and the master says what to do', async () => {
    const jsm = await jetstreamManager(nc);
    await jsm.streams.add({ name: 'small', subjects: ['small.*.*.*'], max_bytes: 20_000, discard: 'new' } as never);
    const master = await open({ connection: nc, stream: 'small' });
    await master.transact((lists) => lists.add('milk'));
    const many = async (): Promise<void> => {
      for (let count = 0; count < 100; count++) await master.transact((lists) => lists.add('x'.repeat(1_000)));
    };
    await expect(many()).rejects.toMatchObject({
      code: 'NOT_DURABLE',
      message: expect.stringMatching(/maximum bytes exceeded.*Make room there/),
    });
    const count = master.query(({ items }) => items.length);
    await master.close();
    await jsm.streams.update('small', { max_bytes: 1_000_000 });
    const again = await open({ connection: nc, stream: 'small' });
    expect(again.query(({ items }) => items.length)).toBe(count);
    await again.transact((lists) => lists.add('more'));
    await again.close();
  });

  test('says so if its connection was closed by who made it', async () => {
    const own = await server.connect();
    const master = await open({ connection: own, space: 'closed' });
    await master.transact((lists) => lists.add('milk'));
    await own.close();
    await expect(master.transact((lists) => lists.add('tea'))).rejects.toMatchObject({
      code: 'OUTCOME_UNKNOWN',
      message: expect.stringContaining('The connection was closed where it was made'),
    });
    await master.close();
    await expect(open({ connection: own, space: 'closed' })).rejects.toMatchObject({ code: 'STORE_REFUSED' });
  });

  test('cannot be reached where nobody listens, and is reached when somebody does', async () => {
    const away = await NatsServer.start(natsServer);
    await away.kill();
    const store = new NatsStore({ servers: away.url });
    await expect(store.streams()).rejects.toMatchObject({ code: 'STORE_UNREACHABLE' });
    await away.restart();
    await expect(store.streams()).resolves.toEqual([]);
    await away.stop();
  });

  test('hears what others publish, also after its connection was lost', async () => {
    const away = await NatsServer.start(natsServer);
    const [mine, theirs] = [await away.connect(), await away.connect()];
    const autoSync = { everyMs: 3_600_000, watch: true };
    const listening = await Master.open(Lists, { name: 'a', store: new NatsStore({ connection: mine }), autoSync });
    const errors: unknown[] = [];
    listening.on('error', (error) => errors.push(error));
    const other = await open({ connection: theirs }, 'b');
    const heard = async (item: string): Promise<void> => {
      await other.transact((lists) => lists.add(item));
      // Again and again: what is told while the connection is made is missed.
      while (!listening.query(({ items }) => items.includes(item))) await other.sync().catch(() => undefined);
    };
    await heard('first');
    await away.kill();
    await away.restart();
    await heard('second');
    expect(errors).toContainEqual(expect.objectContaining({ code: 'STORE_UNREACHABLE' }));
    await Promise.all([listening.close(), other.close()]);
    await Promise.all([mine.close(), theirs.close()]);
    await away.stop();
  });

  test('waits for a server that restarts, and loses and doubles nothing', async () => {
    const away = await NatsServer.start(natsServer);
    const master = await open({ servers: away.url });
    await master.transact((lists) => lists.add('first'));
    await away.kill();
    const waiting = master.transact((lists) => lists.add('second'));
    await away.restart();
    await waiting;
    await master.close();
    const again = await open({ servers: away.url });
    expect(again.query(({ items }) => items)).toEqual(['first', 'second']);
    await again.close();
    await away.stop();
  });

  test('goes on in a new epoch after it was restored, as the page says; whoever was forgotten writes nothing', async () => {
    const away = await NatsServer.start(natsServer);
    const options = { servers: away.url };
    const first = await open(options);
    await first.transact((lists) => lists.add('milk'));
    await first.sync();
    await first.close();
    await away.kill();
    const restore = away.backup();
    await away.restart();
    const forgotten = await open(options);
    await forgotten.transact((lists) => lists.add('tea'));
    await away.kill();
    restore();
    await away.restart();
    const nc = await away.connect();
    await forgetAll(nc);
    await expect(forgotten.transact((lists) => lists.add('coffee'))).rejects.toMatchObject({ code: 'MASTER_FENCED' });
    await forgotten.close();
    const again = await open(options);
    expect(again.query(({ items }) => items)).toEqual(['milk']);
    await again.transact((lists) => lists.add('juice'));
    expect((await new NatsStore(options).streams()).map(({ stream }) => stream.master)).toEqual(['a', 'a']);
    await again.close();
    await nc.close();
    await away.stop();
  });

  test('stops where its servers lost what they had acknowledged, and says so', async () => {
    const away = await NatsServer.start(natsServer);
    const master = await open({ servers: away.url });
    await master.transact((lists) => lists.add('milk'));
    await away.kill();
    const restore = away.backup();
    await away.restart();
    await master.transact((lists) => lists.add('tea'));
    await away.kill();
    restore();
    await away.restart();
    await expect(master.transact((lists) => lists.add('coffee'))).rejects.toMatchObject({
      message: expect.stringMatching(/holds 1 events of a@.*and 2 were stored: it was restored from a backup/),
    });
    await master.close();
    await away.stop();
  });

  describe('a message that was taken for lost, and comes late,', () => {
    /** A connection that takes one message for lost when it is told to, and what sends that later. */
    function late(): { connection: NatsConnection; lose: (subject: RegExp) => void; come: () => Promise<void> } {
      let isLost = (_subject: string): boolean => false;
      let come = (): Promise<unknown> => Promise.reject(new Error('nothing was lost'));
      const connection = instead(nc, {
        request: (...args: Parameters<NatsConnection['request']>) => {
          if (!isLost(args[0])) return nc.request(...args);
          isLost = () => false;
          come = () => nc.request(...args);
          return Promise.reject(new Error('lost'));
        },
      });
      return {
        connection,
        lose: (subject) => (isLost = (one) => subject.test(one)),
        come: () => come().then(() => undefined),
      };
    }

    test.each(['an append that was sent again', 'an append that was taken back'])('has no effect: %s', async (what) => {
      const space = what.replaceAll(' ', '-');
      const { connection, lose, come } = late();
      const [store, writer] = [new NatsStore({ connection, space }), new Writer('a')];
      const journal = await store.open(writer.request);
      const lines = (from: number): string => writer.lines(store, journal.header, from, from);
      await journal.append(lines(1), 1);
      lose(/^prevalent/);
      const lost = lines(2);
      await expect(journal.append(lost, 2)).rejects.toMatchObject({ code: 'STORE_UNREACHABLE' });
      if (what.endsWith('again')) await journal.append(lost, 2);
      else await journal.cutBack(1);
      await come();
      const next = what.endsWith('again') ? 3 : 2;
      await journal.append(lines(next), next);
      await journal.check();
      expect(await store.read(journal.header, 0, 9)).toHaveLength(next);
      // The number of an event is given once.
      await expect(journal.append(lines(1), 1)).rejects.toThrow('Event 1 of');
      await journal.close();
    });

    test('has no effect: a frontier', async () => {
      const space = 'late-frontier';
      const { connection, lose, come } = late();
      const store = new NatsStore({ connection, space });
      const journal = await store.open(new Writer('a').request);
      lose(/^\$KV/);
      await expect(journal.publish('lost', NOTHING)).rejects.toMatchObject({ code: 'STORE_UNREACHABLE' });
      await journal.publish('newer', NOTHING);
      await come();
      await journal.publish('newest', NOTHING);
      expect((await store.streams())[0]?.frontier).toBe('newest');
      await journal.close();
    });
  });

  test('what strangers write holds back whose it is said to be, and nobody else', async () => {
    const connection = nc;
    const [a, b] = [await open({ connection, space: 'strange' }), await open({ connection, space: 'strange' }, 'b')];
    await a.transact((lists) => lists.add('milk'));
    await a.sync();
    const [stream] = await new NatsStore({ connection, space: 'strange' }).streams();
    const { master, epoch } = stream!.stream;
    const js = jetstream(nc);
    await js.publish(`prevalent.strange.${master}.${epoch}`, 'no line');
    await js.publish('$KV.prevalent.strange.master.c', 'no record');
    await b.sync();
    expect(b.query(({ items }) => items)).toEqual(['milk']);
    await b.transact((lists) => lists.add('tea'));
    await b.close();
    await expect(a.transact((lists) => lists.add('coffee'))).rejects.toMatchObject({
      code: 'OUTCOME_UNKNOWN',
      message: expect.stringContaining('is none of this program'),
    });
    await a.close();
    const newcomer = await open({ connection, space: 'strange' }, 'd');
    expect(newcomer.query(({ items }) => items)).toEqual(['milk', 'tea']);
    await newcomer.close();
    for (const name of ['a', 'c'])
      await expect(open({ connection, space: 'strange' }, name)).rejects.toMatchObject({ code: 'JOURNAL_DAMAGED' });
  });

  test('writes frontiers that fit into no message, and leaves nothing of those that were replaced', async () => {
    const store = new NatsStore({ connection: nc, stream: 'large' });
    const journal = await store.open(new Writer('a').request);
    for (const text of ['a', 'b', 'c']) await journal.publish(text.repeat(2_000_000), NOTHING);
    expect((await new NatsStore({ connection: nc, stream: 'large' }).streams())[0]?.frontier).toHaveLength(2_000_000);
    await journal.publish('short', NOTHING);
    await journal.close();
    const jsm = await jetstreamManager(nc);
    expect((await jsm.streams.info('OBJ_large')).state.messages).toBe(0);
  });

  test('leaves nothing of snapshots that were never finished, or of streams that were never born', async () => {
    const space = 'swept';
    const writer = new Writer('a');
    let sent = 0;
    // The connection is lost for good after so many requests.
    const lossy = (after: number): NatsConnection =>
      instead(nc, {
        request: (...args: Parameters<NatsConnection['request']>) =>
          sent++ < after ? nc.request(...args) : Promise.reject(new Error('lost')),
      });
    const jsm = await jetstreamManager(nc);
    const left = async (): Promise<(number | string[])[]> => {
      const { state } = await jsm.streams.info('prevalent', { subjects_filter: `prevalent.${space}.>` });
      return [Object.keys(state.subjects ?? {}), (await jsm.streams.info('OBJ_prevalent')).state.messages];
    };
    const [, objects = 0] = await left();
    for (let after = 12; after < 40; after++) {
      sent = 0;
      const store = new NatsStore({ connection: lossy(after), space, silence: 1 });
      await (async () => {
        const journal = await store.open(writer.request);
        await journal.writeSnapshot(writer.next(), [new Uint8Array(10), new Uint8Array(20)] as never);
        const header = writer.successor(journal, 0);
        await journal.succeed(header, writer.lines(store, header, 1, 2));
      })().catch(() => undefined);
    }
    const last = await new NatsStore({ connection: nc, space, silence: 1 }).open(writer.request);
    const [subjects] = await left();
    const streams = (await new NatsStore({ connection: nc, space }).streams()).map(({ stream }) => stream);
    const born = streams.map(({ master, epoch }) => `prevalent.${space}.${master}.${epoch}`);
    expect((subjects as string[]).filter((subject) => !born.includes(subject))).toEqual([]);
    const kept = await Promise.all(streams.map((stream) => new NatsStore({ connection: nc, space }).snapshots(stream)));
    // Of each snapshot, a chunk and what describes it.
    expect(((await left())[1] as number) - (objects as number)).toBe(2 * kept.flat().length);
    await last.close();
  });
});

withNats('permissions', () => {
  let server: NatsServer;
  beforeAll(async () => {
    const api = '$JS.API';
    const allowed = [
      ...['prevalent.>', '$KV.prevalent.>', '$O.prevalent.>', `${api}.INFO`],
      ...['prevalent', 'KV_prevalent', 'OBJ_prevalent'].flatMap((stream) =>
        ['STREAM.INFO', 'STREAM.MSG.GET', 'STREAM.PURGE'].map((call) => `${api}.${call}.${stream}`),
      ),
      `${api}.STREAM.MSG.DELETE.prevalent`,
    ];
    server = await NatsServer.start(
      natsServer,
      `authorization { users = [
        { user: admin, password: all }
        { user: app, password: "p@ss", permissions: { publish: ${JSON.stringify(allowed)}, subscribe: ["_INBOX.>", "prevalent.*.told", "prevalent.*.owner.of.*"], allow_responses: true } }
        { user: none, password: none, permissions: { publish: ["prevalent.>"], subscribe: ["_INBOX.>"] } }
      ] }`,
    );
  });
  afterAll(() => server.stop());

  const as = (user: string): string => `nats://${user}@127.0.0.1:${server.port}`;

  test('a user needs those that the page for administrators lists, and hears which one it lacks', async () => {
    await expect(open({ servers: as('app:wrong') })).rejects.toMatchObject({
      code: 'STORE_REFUSED',
      message: expect.stringMatching(/^(?!.*wrong).*Check the credentials/),
    });
    await expect(open({ servers: as('none:none') })).rejects.toMatchObject({
      code: 'STORE_REFUSED',
      message: expect.stringMatching(/STREAM\.INFO.*permissions that docs\/nats\.md lists/i),
    });
    // Whoever may make the streams does so once.
    await new NatsStore({ servers: as('admin:all') }).streams();
    const master = await open({ servers: as('app:p%40ss') });
    await master.transact((lists) => lists.add('milk'));
    await master.sync();
    await master.snapshot();
    await master.compact();
    await master.close();
    const again = await Master.open(Lists, {
      name: 'a',
      store: new NatsStore({ servers: as('app:p%40ss') }),
      autoSync: { everyMs: 3_600_000, watch: true },
    });
    expect(again.query(({ items }) => items)).toEqual(['milk']);
    await again.close();
  });
});
