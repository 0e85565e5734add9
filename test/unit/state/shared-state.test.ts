/** Objects that belong to something outside of the state are refused by path, never shared with another state or a module. */
import { Master, MemoryStore, type MasterOptions, Prevalent, Transaction } from '../../../src/index.js';

interface Column {
  name: string;
  cards: string[];
}

class Label {
  constructor(readonly text: string) {}
}

interface Board {
  columns: unknown;
  held: unknown;
  readonly list: unknown[];
  hold(n: number): void;
  hide(n: number): void;
  drop(): void;
}

interface Program {
  /** Fields of a new model. */
  readonly initial?: () => unknown;
  /** What a call stores. */
  readonly give?: (n: number, board: Board) => unknown;
  readonly constants?: Record<string, object>;
}

function programWith({ initial = () => [], give = () => null, constants = {} }: Program): new () => Board {
  @Prevalent('board-of-shared-state', { classes: { label: Label }, constants })
  class Model implements Board {
    columns = initial();
    held: unknown = null;
    readonly list: unknown[] = [];
    @Transaction() hold(n: number): void {
      this.held = n;
      this.list.push(give(n, this));
    }
    @Transaction() hide(n: number): void {
      this.list.push(give(n, this));
      this.list.pop();
    }
    @Transaction() drop(): void {
      this.list.length = 0;
    }
  }
  return Model;
}

const refusal = (message: RegExp): Error =>
  expect.objectContaining({ code: 'SHARED_STATE', message: expect.stringMatching(message) as string }) as Error;

const open = (Model: new () => Board, options: Partial<MasterOptions> = {}): Promise<Master<Board>> =>
  Master.open(Model, { name: 'desk', store: new MemoryStore(), ...options });

describe('a new model', () => {
  const start: Column[] = [{ name: 'Todo', cards: [] }];
  const frozen = Object.freeze({ none: Object.freeze([]) });
  let made: Label | undefined;

  test.each<[string, () => unknown, RegExp]>([
    ['an array', () => start, /Model\.columns is the same Array in every new model/],
    ['an object in a new array', () => [...start], /Model\.columns\.0 is the same Object/],
    ['in a Map', () => new Map([['a', { cards: start[0]?.cards }]]), /Model\.columns\.a\.cards is the same Array/],
    ['in a Set', () => new Set([start]), /Model\.columns\.\[object\] is the same Array/],
    ['a frozen object', () => frozen, /Model\.columns is the same Object.*constants: \{/],
    [
      'an instance that is made when it is first used',
      () => (made ??= new Label('x')),
      /Model\.columns is the same Label/,
    ],
    ['bytes', () => BYTES, /is the same Uint8Array/],
  ])('refuses %s of a module at its start', async (_, initial, message) => {
    await expect(open(programWith({ initial }))).rejects.toEqual(refusal(message));
  });
  const BYTES = new Uint8Array(2);

  test('may copy it, or declare it', async () => {
    const initial = (): unknown => [[...start].map((one) => ({ ...one, cards: [] })), frozen];
    const master = await open(programWith({ initial, constants: { frozen } }));
    expect((master.model.columns as unknown[])[1]).toBe(frozen);
    await master.close();
  });
});

describe('a call', () => {
  test.each<[string, (template: Column) => unknown]>([
    ['as it is', (template) => template],
    ['deep in a new object', (template) => ({ map: new Map([[1, [template.cards]]]) })],
    ['frozen', (template) => Object.freeze(template)],
  ])('is refused when an object comes from outside for the second time, %s', async (_, take) => {
    const template: Column = { name: 'x', cards: [] };
    const store = new MemoryStore();
    const Model = programWith({ give: () => take(template) });
    const master = await open(Model, { store });
    master.model.hold(1);
    expect(() => {
      master.model.hold(2);
    }).toThrow(refusal(/was not made now/));
    expect(master.model.held).toBe(1);
    const events = [];
    for await (const { args } of master.events()) events.push(args);
    expect(events).toEqual([[1]]);
    await master.close();
  });

  test('that stores an object of outside is found by its first run twice', async () => {
    const template: Column = { name: 'x', cards: [] };
    const master = await open(programWith({ give: () => [template] }), { check: 'replay' });
    expect(() => {
      master.model.hold(1);
    }).toThrow(refusal(/hold: list\.0\.0 would hold an object that the call did not make itself: an Object/));
    expect(master.model.held).toBeNull();
    master.model.hide(1);
    await master.close();
  });

  test('may store and remove again, throw, and be undone', async () => {
    const master = await open(programWith({ give: (n) => (n < 0 ? fail() : [new Label('a'), { n }]) }), {
      check: 'replay',
    });
    for (const n of [1, -1, 2]) {
      try {
        master.model.hold(n);
      } catch (error) {
        expect(error).toEqual(new Error('negative'));
      }
    }
    master.model.drop();
    master.model.hold(3);
    expect(master.model.held).toBe(3);
    await master.close();
  });

  /** Raw objects of a state: what it began with, what a call made, and both from a snapshot. */
  async function rawObjects(store: MemoryStore): Promise<[Master<Board>, object[]]> {
    const Model = programWith({ initial: () => [{ name: 'x' }], give: () => ({ name: 'made' }) });
    const read = (board: Board): object[] => [board, (board.columns as object[])[0], board.list[0]] as object[];
    const before = await open(Model, { store });
    before.model.hold(1);
    await before.snapshot();
    const objects = before.query(read);
    await before.close();
    const master = await open(Model, { store });
    return [master, [...objects, ...master.query(read)]];
  }

  test('does not store what is or was part of another state, guarded or raw, whatever brought it there', async () => {
    const [other, objects] = await rawObjects(new MemoryStore());
    const guarded = [other.model, other.model.columns, (other.model.columns as object[])[0], other.model.list[0]];
    await other.close();
    let theirs: unknown;
    @Prevalent('another-of-shared-state')
    class Another {
      held: unknown = null;
      @Transaction() take(): void {
        this.held = { theirs };
      }
    }
    const master = await Master.open(Another, { name: 'a', store: new MemoryStore() });
    for (const one of [...objects, ...guarded]) {
      theirs = one;
      expect(() => {
        master.model.take();
      }).toThrow(refusal(guarded.includes(one) ? /an object of another master/ : /is or was part of a state/));
      expect(master.model.held).toBeNull();
    }
    await master.close();
  });

  test('does not store a raw object of its own state, which readers got', async () => {
    let raw: unknown;
    const Model = programWith({ initial: () => [{ name: 'x' }], give: () => raw });
    const store = new MemoryStore();
    for (const from of ['a new model', 'a snapshot']) {
      const master = await open(Model, { store });
      raw = master.query((board) => (board.columns as object[])[0]);
      expect(() => {
        master.model.hold(1);
      }).toThrow(refusal(/is or was part of a state/));
      expect([from, master.model.held]).toEqual([from, null]);
      await master.snapshot();
      await master.close();
    }
  });
});

describe('a step of migrate', () => {
  test('does not give an object of a module to two states', async () => {
    const store = new MemoryStore();
    const START: string[] = [];
    @Prevalent('migrated-board')
    class Before {
      n = 0;
      @Transaction() count(): void {
        this.n++;
      }
    }
    const first = await Master.open(Before, { name: 'a', store });
    first.model.count();
    await first.snapshot();
    await first.close();
    @Prevalent('migrated-board', { version: 2, migrate: { 1: (fields) => ({ ...fields, tags: START }) } })
    class After {
      n = 0;
      tags: string[] = [];
      @Transaction() count(): void {
        this.tags.push(String(this.n++));
      }
    }
    const master = await Master.open(After, { name: 'a', store });
    master.model.count();
    expect(master.model.tags).toEqual(['1']);
    await master.close();
    await expect(Master.open(After, { name: 'a', store })).rejects.toEqual(
      refusal(/After\.tags, by migrate, would hold an object that was not made now/),
    );
  });
});

function fail(): never {
  throw new Error('negative');
}

describe('a replay', () => {
  test('of the same call in the same state is exact, and is let through', async () => {
    const template: Column = { name: 'x', cards: [] };
    const store = new MemoryStore();
    const Model = programWith({ give: (n) => (n === 1 ? template : { n }) });
    const desk = await open(Model, { store, now: () => 5_000 });
    const early = await open(Model, { store, name: 'early', now: () => 1_000 });
    early.model.hold(2);
    await early.close();
    desk.model.hold(1);
    expect(await desk.sync()).toMatchObject({ received: 1, undone: 1, replayed: 2 });
    expect(desk.query((model) => (model as unknown as { list: unknown[] }).list)).toEqual([{ n: 2 }, template]);
    await desk.close();
  });

  describe('does not put an object in again with what became of it in another state, but stops', () => {
    const HOUR = 3_600_000;
    const END = new Date(8.64e15);
    let kept: number[];
    let now: number;

    @Prevalent('board-that-keeps')
    class Keeper {
      held: number[] | null = null;
      touched = 0;
      @Transaction() hold(): void {
        this.held = kept;
      }
      @Transaction() add(n: number): void {
        this.held?.push(n);
      }
      @Transaction() touch(): void {
        this.touched++;
      }
    }

    const openAs = (name: string, store: MemoryStore, options: Partial<MasterOptions> = {}): Promise<Master<Keeper>> =>
      Master.open(Keeper, {
        name,
        store,
        now: () => (now += 10),
        retention: 0,
        patience: HOUR,
        snapshotEvery: 1e9,
        ...options,
      });

    /** A call stored an object of the module, and a later one wrote to it. */
    async function begun(options: Partial<MasterOptions> = {}): Promise<{ desk: Master<Keeper>; store: MemoryStore }> {
      kept = [];
      now = Date.UTC(2026, 0, 1);
      const store = new MemoryStore();
      const desk = await openAs('desk', store, options);
      desk.model.hold();
      desk.model.add(1);
      expect(desk.model.held).toEqual([1]);
      return { desk, store };
    }

    const stopped = refusal(
      /Event \w{26} \(hold\) cannot be replayed: .*is or was part of a state.*start this process anew/,
    );

    test('at a start, until the process is a new one or the model is mended', async () => {
      const { desk, store } = await begun();
      await desk.close();
      for (let i = 0; i < 2; i++) await expect(openAs('desk', store)).rejects.toEqual(stopped);
      kept = [];
      const again = await openAs('desk', store);
      expect(again.model.held).toEqual([1]);
      await again.close();
    });

    test('on a newcomer, beside the first and after it', async () => {
      const { desk, store } = await begun();
      await desk.sync();
      await expect(openAs('phone', store)).rejects.toEqual(stopped);
      await desk.close();
      await expect(openAs('phone', store)).rejects.toEqual(stopped);
    });

    test('in a copy of the past, which leaves the master as it is', async () => {
      const { desk } = await begun();
      await expect(desk.at(END)).rejects.toEqual(stopped);
      desk.model.add(2);
      expect(desk.model.held).toEqual([1, 2]);
      await desk.close();
    });

    test('when the state is built anew for a late event', async () => {
      const { desk, store } = await begun({ undoMemory: 1 });
      for (let i = 0; i < 3; i++) await desk.transact((model) => model.touch());
      const phone = await openAs('phone', store, { now: () => 5 });
      phone.model.touch();
      await phone.close();
      await expect(desk.sync()).rejects.toEqual(stopped);
      expect(() => {
        desk.model.touch();
      }).toThrow(stopped);
      await desk.close();
    });

    test('behind a seal', async () => {
      const { desk, store } = await begun();
      await desk.close();
      now += 2 * HOUR;
      const before = kept;
      kept = [];
      const sealer = await openAs('sealer', store, { sealer: true });
      await sealer.sync();
      expect((await sealer.status()).seal?.no).toBeGreaterThan(0);
      await sealer.close();
      kept = before;
      await expect(openAs('phone', store)).rejects.toEqual(stopped);
    });

    test('after a start from a snapshot, which has a copy of its own, in a live call', async () => {
      const { desk, store } = await begun();
      await desk.snapshot();
      await desk.close();
      const again = await openAs('desk', store);
      expect(again.model.held).toEqual([1]);
      expect(() => {
        again.model.hold();
      }).toThrow(refusal(/Keeper\.held would hold an object that was not made now/));
      expect(again.model.held).toEqual([1]);
      await again.close();
    });

    test('but not when a late event comes and the call is undone exactly, in the same state', async () => {
      const { desk, store } = await begun();
      const phone = await openAs('phone', store, { now: () => 5 });
      phone.model.touch();
      await phone.close();
      expect(await desk.sync()).toMatchObject({ received: 1, undone: 2, replayed: 3 });
      expect(desk.model.held).toEqual([1]);
      await desk.close();
    });
  });

  test('of two calls that brought the same object stops the master that meets both', async () => {
    // As in two processes, each of which has the module's object for itself.
    const own = new Map([1, 2].map((n): [number, Column] => [n, { name: 'x', cards: [] }]));
    const Model = programWith({ give: (n) => own.get(n) });
    const store = new MemoryStore();
    const phone = await open(Model, { store, name: 'phone' });
    const desk = await open(Model, { store, name: 'desk' });
    desk.model.hold(1);
    phone.model.hold(2);
    own.set(1, own.get(2) as Column);
    await desk.close();
    await expect(phone.sync()).rejects.toEqual(refusal(/Event \w{26} \(hold\) cannot be replayed/));
    expect(() => {
      phone.model.drop();
    }).toThrow(refusal(/cannot be replayed/));
    await phone.close();
  });
});
