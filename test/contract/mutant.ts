import type { Journal, Store } from '../../src/core.js';
import { MapJournal, type MapJournalStart } from '../../examples/map-store/map-journal.js';
import { MapStore } from '../../examples/map-store/map-store.js';
import type { AsyncMap } from '../../examples/map-store/map-stream.js';

/** Every point of the contract is needed: a store that is wrong in one member fails it. Each of these was written by mistake once, or may be. */
export interface Mutant {
  readonly what: string;
  /** The point that finds it out. */
  readonly point: string;
  readonly says: RegExp;
  readonly storeOn: (map: AsyncMap) => Store;
}

export const FAILING = 'a call that fails, each in turn and in each way, loses and doubles nothing';
export const FENCED = 'who slept until another took over writes nothing more, and may look';
export const BEGUN_AGAIN = 'a store that is told to begin again begins another stream and keeps the old one';

export const REMEMBERED = 'a machine remembers the newest seal that it published, and what may be deleted';
export const WHILE_SAVING =
  'events and frontiers that come while a snapshot is written are there, and it is found when it is whole';
export const DELETED = 'an earlier stream is deleted as a whole, and only that';
export const SUCCEEDED = 'a stream is succeeded by another one in one step, and later starts go on in that';

/** A store whose journals are of this kind. */
export function journals(Kind: typeof MapJournal): Mutant['storeOn'] {
  class Store extends MapStore {
    protected override journal(start: MapJournalStart): MapJournal {
      return new Kind(start);
    }
  }
  return (map) => new Store(map);
}

/** A journal that does not ask, for one member, whether the name is still its own. */
export function unfenced(member: keyof Journal): Mutant['storeOn'] {
  return journals(
    class extends MapJournal {
      constructor(start: MapJournalStart) {
        super(start);
        const { map } = start;
        const free = new MapJournal({ ...start, map: { ...map, put: (key, value) => map.put(key, value) } });
        const value = (Reflect.get(free, member) as (...args: unknown[]) => unknown).bind(free);
        Object.defineProperty(this, member, { value });
      }
    },
  );
}
