import { storeContract } from '../../src/testing/index.js';
import type {
  Journal,
  JournalRequest,
  Opening,
  OpeningFacts,
  Remembered,
  Session,
  StreamHeader,
  StreamListing,
} from '../../src/core.js';
import { MapJournal } from '../../examples/map-store/map-journal.js';
import { MapStore } from '../../examples/map-store/map-store.js';
import { type Birth, digits, keyOf } from '../../examples/map-store/map-stream.js';
import { BEGUN_AGAIN, FAILING, FENCED, journals, type Mutant, REMEMBERED, unfenced } from './mutant.js';
import { mapPlace } from './places.js';
import { WRONG_MEMBERS } from './wrong-members.js';

const MUTANTS: readonly Mutant[] = [
  {
    what: 'a successor is born in two writes, its header first',
    point: FAILING,
    says: /events up to 0 are there; .* 2 were sent/,
    storeOn: journals(
      class extends MapJournal {
        protected override async born(header: StreamHeader, lines: string): Promise<Session> {
          const kept = await super.born(header, '');
          if (lines !== '') await this.put(keyOf('events', header, digits(1)), lines);
          return kept;
        }
      },
    ),
  },
  {
    what: 'a successor is born in two writes, its events first',
    point: FAILING,
    says: /without the header/,
    storeOn: journals(
      class extends MapJournal {
        protected override async born(header: StreamHeader, lines: string): Promise<Session> {
          if (lines !== '') await this.put(keyOf('events', header, digits(1)), lines);
          return super.born(header, '');
        }
      },
    ),
  },
  {
    what: 'what may be deleted is not remembered',
    point: REMEMBERED,
    says: /what the machine remembers/,
    storeOn: journals(
      class extends MapJournal {
        override publish(frontier: string, remember: Remembered): Promise<void> {
          return super.publish(frontier, { ...remember, deletable: 0 });
        }
      },
    ),
  },
  {
    what: 'a frontier is published before it is remembered',
    point: FAILING,
    says: /is published, and not remembered/,
    storeOn: journals(
      class extends MapJournal {
        override async publish(frontier: string, remember: Remembered): Promise<void> {
          await this.put(keyOf('frontier', this.header), frontier);
          await this.remember({ ...this.kept, ...remember });
        }
      },
    ),
  },
  {
    what: 'a new epoch is made without the last one',
    point: BEGUN_AGAIN,
    says: /is not later than/,
    storeOn: (map) =>
      new (class extends MapStore {
        override open(request: JournalRequest): Promise<Journal> {
          return super.open({ ...request, newEpoch: () => request.newEpoch(undefined) });
        }
      })(map),
  },
  {
    what: 'the rest of a stream that is left is not published',
    point: 'a store that is told to publish the rest of the old stream does so, once',
    says: /what is said/,
    storeOn: (map) =>
      new (class extends MapStore {
        override open(request: JournalRequest): Promise<Journal> {
          const decide = (facts: OpeningFacts): Opening => {
            const opening = request.decide(facts);
            return opening.kind === 'begin' ? { ...opening, publishesRest: false } : opening;
          };
          return super.open({ ...request, decide });
        }
      })(map),
  },
  {
    what: 'a snapshot is overwritten in place',
    point: 'a snapshot of the same position replaces the one before as a whole',
    says: /what stays of it/,
    storeOn: journals(
      class extends MapJournal {
        override async writeSnapshot(position: string, chunks: AsyncIterable<Uint8Array>): Promise<void> {
          let count = 0;
          for await (const chunk of chunks)
            await this.put(keyOf('piece', this.header, position, digits(count++)), chunk.slice());
          await this.put(keyOf('snapshot', this.header, position), JSON.stringify({ by: position, count }));
        }
      },
    ),
  },
  {
    what: 'the session still names the stream that was succeeded',
    point: 'streams that succeed each other before anything is published are still those of this machine',
    says: /the header is/,
    storeOn: journals(
      class extends MapJournal {
        protected override async born(header: StreamHeader, lines: string): Promise<Session> {
          const birth: Birth = { header, lines };
          await this.put(keyOf('birth', header), JSON.stringify(birth));
          return this.keptFor(header);
        }
      },
    ),
  },
  {
    what: 'a successor forgets what was issued again before',
    point: 'streams that succeed each other before anything is published are still those of this machine',
    says: /what was issued again/,
    storeOn: journals(
      class extends MapJournal {
        protected override keptFor(header: StreamHeader): Session {
          return { ...super.keptFor(header), moved: header.moved ?? {} };
        }
      },
    ),
  },
  ...(
    [
      ['what was issued again', { moved: {} }, /what is remembered of earlier epochs/],
      ['how far earlier epochs were published', { ends: {} }, /what is remembered of earlier epochs/],
      ['which session goes on', { session: 'another' }, /the session that is remembered/],
    ] as const
  ).map(([what, wrong, says]): Mutant => ({
    what: `an opening does not remember ${what}`,
    point: BEGUN_AGAIN,
    says,
    storeOn: (map) =>
      new (class extends MapStore {
        protected override remember(...[master, session, lock]: Parameters<MapStore['remember']>): Promise<void> {
          return super.remember(master, { ...session, ...wrong }, lock);
        }
      })(map),
  })),
  {
    what: 'who asks for some masters hears of nobody else',
    point: 'who asks for some masters learns all that is new of them, and what it knows of others',
    says: /what is listed/,
    storeOn: (map) =>
      new (class extends MapStore {
        override async streams(again: ReadonlySet<string> | 'all' = 'all'): Promise<readonly StreamListing[]> {
          return (await super.streams()).filter(({ stream }) => again === 'all' || again.has(stream.master));
        }
      })(map),
  },
  ...WRONG_MEMBERS,
  ...(
    [
      ...['append', 'cutBack', 'publish', 'retire', 'rotate', 'writeSnapshot', 'removeSnapshot'],
      ...['deleteEvents', 'deleteStream', 'succeed'],
    ] as (keyof Journal)[]
  ).map((member): Mutant => ({
    what: `\`${member}\` does not notice that somebody else writes under this name`,
    point: FENCED,
    // What succeeds it does not notice it either.
    says: new RegExp(`^${member === 'succeed' ? 'append' : member}: it is not rejected`),
    storeOn: unfenced(member),
  })),
];

test.each(MUTANTS)('$what', async ({ point, says, storeOn }) => {
  const points = new Map<string, () => Promise<void>>();
  storeContract(
    (name, run) => points.set(name, run),
    () => mapPlace(storeOn),
  );
  await expect(points.get(point)?.()).rejects.toThrow(says);
});

test.each([
  ['suspend', 'fences', FENCED],
  ['damage', 'checks', 'a journal is checked as a whole, and damage in it is told'],
  ['faults', 'failures', FAILING],
] as const)(
  'a place without `%s` does not pass for a store whose capabilities name `%s`',
  async (means, capability, point) => {
    const points = new Map<string, () => Promise<void>>();
    storeContract(
      (name, run) => points.set(name, run),
      async () => ({ ...(await mapPlace((map) => new MapStore(map))), [means]: undefined }),
    );
    await expect(points.get(point)?.()).rejects.toThrow(`the capabilities name \`${capability}\``);
  },
);
