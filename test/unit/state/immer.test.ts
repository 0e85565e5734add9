/**
 * Models that use immer: with its auto-freeze every call either does the same in every way, or is refused with what to do; without
 * it every call does the same in every way. Nothing in between: no other error, no difference.
 */
import { current, enableMapSet, freeze, produce, setAutoFreeze } from 'immer';
import { copyOf, Master, MemoryStore, Prevalent, PrevalentError, Transaction } from '../../../src/index.js';
import { everyWay } from '../../every-way.js';

enableMapSet();

class Tag {
  constructor(readonly text: string) {}
}

class Price {
  constructor(readonly cents: number) {}
}

const OPEN = Object.freeze({ status: 'open' });

/** What stands beside what is changed. */
const SIBLINGS: Record<string, () => unknown> = {
  'an object': () => ({ a: { b: 1 } }),
  'a list': () => [{ a: 1 }, 2],
  'a Map': () => new Map([['k', { a: 1 }]]),
  'a Set': () => new Set([{ a: 1 }]),
  'a Date': () => new Date(5),
  bytes: () => Uint8Array.of(1, 2),
  'an expression': () => /x/g,
  'an error': () => new RangeError('r', { cause: { a: 1 } }),
  'an instance': () => new Tag('t'),
  'a frozen object': () => Object.freeze({ a: Object.freeze([1]) }),
  'a frozen list that holds an open object': () => Object.freeze([{ a: 1 }]),
  'a value': () => new Price(5),
  'a constant': () => OPEN,
  'a number': () => 1,
};

interface Held {
  n: number;
  sibling: unknown;
  list: unknown[];
  map: Map<string, unknown>;
  set: Set<unknown>;
}

/** What is done with it. */
const ACTIONS: Record<string, (held: Held) => unknown> = {
  'a change beside it': (held) =>
    produce(held, (draft) => {
      draft.n++;
    }),
  'no change': (held) => produce(held, () => undefined),
  'a change that is dropped': (held) => (
    produce(held, (draft) => {
      draft.n++;
    }),
    held
  ),
  'a change and back': (held) =>
    produce(held, (draft) => {
      draft.n++;
      draft.n--;
    }),
  'deleting it': (held) =>
    produce(held, (draft) => {
      delete (draft as Partial<Held>).sibling;
    }),
  'moving it': (held) =>
    produce(held, (draft) => {
      draft.list.push(draft.sibling);
      draft.sibling = 'moved';
    }),
  'a new object for it': (held) => produce(held, (draft) => void (draft.sibling = { fresh: [1] })),
  'a change in a list': (held) => produce(held, (draft) => void draft.list.push({ fresh: 1 })),
  'a change in a Map': (held) => produce(held, (draft) => void draft.map.set('k', { fresh: 1 })),
  'a change in a Set': (held) => produce(held, (draft) => void draft.set.add({ fresh: 1 })),
  'another object': (held) => produce(held, (draft) => ({ ...draft, n: 9 })),
  'a copy of a draft': (held) => produce(held, (draft) => void (draft.list = [current(draft).n])),
  'a change of a copy': (held) =>
    produce(copyOf(held), (draft) => {
      draft.n++;
    }),
  'freezing all': (held) => freeze(held, true),
  'freezing a copy of it': (held) => freeze(copyOf(held), true),
};

@Prevalent('immer', {
  classes: { tag: Tag },
  constants: { open: OPEN },
  values: { price: { class: Price, encode: ({ cents }) => cents, decode: (cents: number) => new Price(cents) } },
})
class Shelf {
  held: Held | undefined;
  readonly notes: unknown[] = [];

  @Transaction() put(sibling: string): void {
    const make = SIBLINGS[sibling] as () => unknown;
    const list = [{ in: 'list' }, make()];
    const map = new Map([['m', make()]]);
    const set = new Set([make()]);
    this.held = { n: 0, sibling: make(), list, map, set };
  }
  @Transaction() run(action: string): void {
    this.held = doing(action, this.held as Held);
  }
  @Transaction() attempt(action: string): void {
    try {
      this.notes.push(Object.isFrozen(doing(action, this.held as Held)));
    } catch (error) {
      this.notes.push(error instanceof PrevalentError ? error.code : String(error));
    }
    this.notes.push(Object.isFrozen(this.held), Object.isFrozen(this.held?.sibling));
  }
}

function doing(action: string, held: Held): Held {
  return (ACTIONS[action] as (held: Held) => Held)(held);
}

/** To draft the members of a Set, immer asks for their tags. */
function isTagged(sibling: string, action: string): boolean {
  return action === 'a change in a Set' && ['a Map', 'a Set'].includes(sibling);
}

const ask = ({ held }: Shelf): unknown =>
  held && [held, held.sibling, held.list, held.map, held.set].map((one) => Object.isFrozen(one));

describe.each([true, false])('with auto-freeze: %s', (freezes) => {
  beforeAll(() => {
    setAutoFreeze(freezes);
  });
  afterAll(() => {
    setAutoFreeze(true);
  });

  test.each(Object.keys(SIBLINGS))('%s beside what is changed', async (sibling) => {
    const applied: string[] = [];
    for (const action of Object.keys(ACTIONS)) {
      const master = await Master.open(Shelf, { name: 'a', store: new MemoryStore(), check: 'replay' });
      master.model.put(sibling);
      try {
        master.model.run(action);
        applied.push(action);
      } catch (error) {
        expect([action, error]).toEqual([
          action,
          expect.objectContaining({
            code: 'UNSUPPORTED_STATE',
            message: expect.stringMatching(
              isTagged(sibling, action) ? /Give it a copy: copyOf/ : /setAutoFreeze\(false\) in immer/,
            ) as string,
          }),
        ]);
      }
      await master.close();
    }
    const put = (shelf: Shelf): void => {
      shelf.put(sibling);
    };
    const calls = Object.keys(ACTIONS).flatMap((action) => [
      put,
      (shelf: Shelf) => shelf.attempt(action),
      (shelf: Shelf) => shelf.run(action),
    ]);
    const { outcomes } = await everyWay(Shelf, {
      early: [put, (shelf) => shelf.attempt('a change beside it')],
      calls,
      ask,
    });
    expect(outcomes.filter(({ transaction }) => transaction === 'run')).toHaveLength(applied.length);
    if (freezes) return;
    const refused = Object.keys(ACTIONS).filter((action) => !applied.includes(action));
    expect(refused.filter((action) => !isTagged(sibling, action))).toEqual(['freezing all', 'freezing a copy of it']);
  });
});
