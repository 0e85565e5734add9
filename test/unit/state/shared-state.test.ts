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
    }).toThrow(refusal(/came again from outside/));
    expect(master.model.held).toBe(1);
    const events = [];
    for await (const { args } of master.events()) events.push(args);
    expect(events).toEqual([[1]]);
    await master.close();
    const again = await open(Model, { store });
    expect(again.model.held).toBe(1);
    await again.close();
  });

  test('that stores an object of outside is found by its first run twice', async () => {
    const template: Column = { name: 'x', cards: [] };
    const master = await open(programWith({ give: () => [template] }), { check: 'replay' });
    expect(() => {
      master.model.hold(1);
    }).toThrow(refusal(/hold: list\.0\.0 would hold an object that the call did not make itself: a Object/));
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

  test('does not store what belongs to the state of another master, guarded or raw', async () => {
    const other = await open(programWith({ give: () => ({ name: 'theirs' }) }));
    other.model.hold(1);
    const guarded = (other.model as unknown as { list: object[] }).list[0];
    const raw = other.query((model) => (model as unknown as { list: object[] }).list[0]);
    for (const [theirs, message] of [
      [guarded, /an object of another master/],
      [raw, /part of another state in this process/],
    ] as const) {
      @Prevalent('another-of-shared-state')
      class Another {
        held: unknown = null;
        @Transaction() take(): void {
          this.held = { theirs };
        }
      }
      const master = await Master.open(Another, { name: 'a', store: new MemoryStore() });
      expect(() => {
        master.model.take();
      }).toThrow(refusal(message));
      expect(master.model.held).toBeNull();
      await master.close();
    }
    await other.close();
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

  test('stops instead of sharing: in another master, in a copy of the past, in a merge', async () => {
    const template: Column = { name: 'x', cards: [] };
    const Model = programWith({ give: () => template });
    const store = new MemoryStore();
    const desk = await open(Model, { store });
    desk.model.hold(1);
    await desk.sync();
    const stopped = refusal(/Event \w{26} \(hold\) cannot be replayed: .*part of another state in this process/);
    await expect(open(Model, { store, name: 'phone' })).rejects.toEqual(stopped);
    await expect(desk.at(new Date(8.64e15))).rejects.toEqual(stopped);
    expect(desk.model.held).toBe(1);
    await desk.close();
    // Its state is closed: the object is the next one's.
    const phone = await open(Model, { store, name: 'phone' });
    expect(phone.model.held).toBe(1);
    await phone.close();
  });

  test('of two calls that brought the same object stops the master that meets both', async () => {
    const template: Column = { name: 'x', cards: [] };
    const Model = programWith({ give: () => template });
    const store = new MemoryStore();
    const desk = await open(Model, { store, name: 'desk' });
    const phone = await open(Model, { store, name: 'phone' });
    desk.model.hold(1);
    await desk.close();
    phone.model.hold(2);
    await expect(phone.sync()).rejects.toEqual(refusal(/Event \w{26} \(hold\) cannot be replayed/));
    expect(() => {
      phone.model.drop();
    }).toThrow(refusal(/cannot be replayed/));
    await phone.close();
  });
});
