import type { Remembered, Session, SnapshotListing, StreamHeader, StreamId } from '../../src/core.js';
import { MapJournal } from '../../examples/map-store/map-journal.js';
import { MapStore } from '../../examples/map-store/map-store.js';
import { digits, keyOf } from '../../examples/map-store/map-stream.js';
import {
  BEGUN_AGAIN,
  DELETED,
  journals,
  type Mutant,
  REMEMBERED,
  SUCCEEDED,
  unfenced,
  WHILE_SAVING,
} from './mutant.js';

/** Stores that are wrong in what only some masters ask for, or only at some time. */
export const WRONG_MEMBERS: readonly Mutant[] = [
  {
    what: 'nothing is taken back',
    point: 'what a call may have left that failed is taken back, and other events get its numbers',
    says: /what is read after 0 is \[1,2,3,4,5\], not \[1,2\]/,
    storeOn: journals(
      class extends MapJournal {
        override cutBack(): Promise<void> {
          return this.held();
        }
      },
    ),
  },
  {
    what: 'events that come while a snapshot is written are lost',
    point: WHILE_SAVING,
    says: /what is read after 0 is \[1,2\]/,
    storeOn: journals(
      class extends MapJournal {
        #isSaving = false;
        override async append(text: string, firstSeq: number): Promise<void> {
          if (!this.#isSaving) await super.append(text, firstSeq);
        }
        override async writeSnapshot(position: string, chunks: AsyncIterable<Uint8Array>): Promise<void> {
          this.#isSaving = true;
          await super.writeSnapshot(position, chunks);
          this.#isSaving = false;
        }
      },
    ),
  },
  {
    what: 'a snapshot is listed before it is whole',
    point: WHILE_SAVING,
    says: /a snapshot that is being written/,
    storeOn: journals(
      class extends MapJournal {
        override async writeSnapshot(position: string, chunks: AsyncIterable<Uint8Array>): Promise<void> {
          await this.put(keyOf('snapshot', this.header, position), JSON.stringify({ by: position, count: 0 }));
          await super.writeSnapshot(position, chunks);
        }
      },
    ),
  },
  {
    what: 'older snapshots go with the one that is removed',
    point: 'snapshots come back byte for byte, newest first, for every reader, and can be removed',
    says: /not \[\{"position":"0+3"\},\{"position":"0+1"\}\]/,
    storeOn: journals(
      class extends MapJournal {
        override async removeSnapshot({ position }: SnapshotListing): Promise<void> {
          for (const key of await this.start.map.keys(keyOf('snapshot', this.header, '')))
            if (key <= keyOf('snapshot', this.header, position)) await this.put(key, undefined);
        }
      },
    ),
  },
  {
    what: 'events are deleted of the stream that is written, whichever was named',
    point: 'events of an earlier stream are deleted, and none of the one that goes on',
    says: /what could still be deleted/,
    storeOn: journals(
      class extends MapJournal {
        override deleteEvents(_: StreamHeader, upTo: number): Promise<number> {
          return super.deleteEvents(this.header, upTo);
        }
      },
    ),
  },
  {
    what: 'snapshots of all streams of a master go with one of them',
    point: DELETED,
    says: /the snapshots of another stream/,
    storeOn: journals(
      class extends MapJournal {
        override async deleteStream(stream: StreamId): Promise<number> {
          for (const key of await this.start.map.keys(`snapshot/${stream.master}`)) await this.put(key, undefined);
          return super.deleteStream(stream);
        }
      },
    ),
  },
  {
    what: 'snapshots of a stream that was deleted stay',
    point: DELETED,
    says: /the snapshots of a stream that was deleted/,
    storeOn: journals(
      class extends MapJournal {
        override async deleteStream(stream: StreamId): Promise<number> {
          const freed = await this.deletableStream(stream);
          for (const kind of ['events', 'frontier', 'birth'])
            for (const key of await this.start.map.keys(keyOf(kind, stream))) await this.put(key, undefined);
          return freed;
        }
      },
    ),
  },
  {
    what: 'a stream that was succeeded still takes lines',
    point: SUCCEEDED,
    says: /it is not rejected/,
    storeOn: journals(
      class extends MapJournal {
        override append(text: string, firstSeq: number): Promise<void> {
          return this.put(keyOf('events', this.header, digits(firstSeq)), text);
        }
      },
    ),
  },
  {
    what: 'a stream that was succeeded releases the name when it is closed',
    point: SUCCEEDED,
    says: /it is not rejected with MASTER_LOCKED/,
    storeOn: journals(
      class extends MapJournal {
        override close(): Promise<void> {
          return this.start.release();
        }
      },
    ),
  },
  {
    what: 'a journal that was closed still publishes',
    point: 'a journal that was closed writes nothing more',
    says: /it is not rejected/,
    storeOn: unfenced('publish'),
  },
  {
    what: 'a successor forgets how far earlier epochs were published',
    point: BEGUN_AGAIN,
    says: /what the stream that succeeds remembers/,
    storeOn: journals(
      class extends MapJournal {
        protected override keptFor(header: StreamHeader): Session {
          return { ...super.keptFor(header), ends: {} };
        }
      },
    ),
  },
  {
    what: 'from whom the state is built is not remembered',
    point: REMEMBERED,
    says: /what the machine remembers/,
    storeOn: journals(
      class extends MapJournal {
        override publish(frontier: string, remember: Remembered): Promise<void> {
          return super.publish(frontier, { ...remember, seen: [] });
        }
      },
    ),
  },
  {
    what: 'a long frontier is cut',
    point: 'a frontier is replaced as a whole and seen by others',
    says: /the value is/,
    storeOn: journals(
      class extends MapJournal {
        override publish(frontier: string, remember: Remembered): Promise<void> {
          return super.publish(frontier.slice(0, 2 ** 16), remember);
        }
      },
    ),
  },
  {
    what: 'a name that every object has is taken for one that is known',
    point: 'masters whose names begin alike have streams of their own, and one name has one writer',
    says: /the header is/,
    storeOn: (map) =>
      new (class extends MapStore {
        readonly #gone: Record<string, true> = {};
        override async header(stream: StreamId): Promise<StreamHeader | undefined> {
          return this.#gone[stream.master] ? undefined : super.header(stream);
        }
      })(map),
  },
  ...(['header', 'snapshots', 'streams', 'read'] as const).map((member): Mutant => ({
    what: `a reader asks for \`${member}\` once`,
    point: 'who looked before anything was there finds it when it is',
    says: /what is found when it is there/,
    storeOn: (map) => {
      const store = new MapStore(map);
      const kept = new Map<string, unknown>();
      const value = (...args: unknown[]): unknown => {
        const key = JSON.stringify(args);
        if (!kept.has(key))
          kept.set(
            key,
            (Reflect.get(MapStore.prototype, member) as (...args: unknown[]) => unknown).apply(store, args),
          );
        return kept.get(key);
      };
      return Object.defineProperty(store, member, { value });
    },
  })),
];
