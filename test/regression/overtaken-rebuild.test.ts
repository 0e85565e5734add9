/** While one master reads the folder to bring its state in line, others seal and delete what it is about to read. */
import { Master, MemoryStore, type Reissued, type Store } from '../../src/index.js';
import { Ledger } from '../ledger.js';

const HOUR = 3_600_000;
/** No sync of these tests reads events as often; the last test sees to it. */
const READS = 12;
/** After how many reads something happened, by test. */
const happened = { deleted: [] as number[], failed: [] as number[] };

/** What happens in the middle of a sync: before the read that comes after `left` others. */
interface Alarm {
  left: number;
  work: (() => Promise<unknown>) | undefined;
}

function overtaken(store: MemoryStore, alarm: Alarm): Store {
  const read: Store['read'] = async (stream, after, upTo) => {
    const { work } = alarm;
    if (work !== undefined && alarm.left-- === 0) {
      alarm.work = undefined;
      await work();
    }
    return store.read(stream, after, upTo);
  };
  return new Proxy<Store>(store, {
    get: (target, name) => {
      if (name === 'read') return read;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}

const linesOf = (master: Master<Ledger>): string[] => master.query((ledger) => [...ledger.lines]);

/** Three masters on one store, of which `b` cannot undo far. */
class World {
  readonly store = new MemoryStore();
  readonly alarm: Alarm = { left: 0, work: undefined };
  now = Date.UTC(2026, 0, 1);

  open(name: string): Promise<Master<Ledger>> {
    const store = name === 'b' ? overtaken(this.store, this.alarm) : this.store;
    const times = { now: () => this.now, retention: HOUR, patience: HOUR };
    return Master.open(Ledger, { ...times, name, store, undoMemory: name === 'b' ? 1 : 1e6 });
  }

  /** So many calls, a second after each other. */
  write(master: Master<Ledger>, count: number): string[] {
    const lines: string[] = [];
    for (let i = 0; i < count; i++) {
      this.now += 1_000;
      lines.push(`at ${this.now}`);
      master.model.write(lines[i]!);
    }
    return lines;
  }
}

test.each(Array.from({ length: READS }, (_, left) => left))(
  'a rebuild whose events are deleted after %i reads starts from the snapshot that stands in, in the same sync',
  async (left) => {
    const world = new World();
    const [a, b, c] = [await world.open('a'), await world.open('b'), await world.open('c')];
    world.write(c, 1);
    world.write(a, 20);
    await a.sync();
    await b.sync();
    // Forgets how to undo what came before, and then the first call of all arrives.
    world.write(b, 1);
    await c.sync();
    world.now += 2 * HOUR;
    let freed = 0;
    Object.assign(world.alarm, { left, work: async () => (freed = (await a.compact()).freed) });
    await b.sync();
    if (world.alarm.work === undefined) happened.deleted.push(left);
    expect(freed > 0).toBe(world.alarm.work === undefined);
    world.alarm.work = undefined;
    for (let round = 0; round < 2; round++) for (const master of [a, b, c]) await master.sync();
    expect(linesOf(a)).toHaveLength(22);
    for (const master of [b, c]) expect(linesOf(master)).toEqual(linesOf(a));
    for (const master of [a, b, c]) await master.close();
  },
);

test.each(Array.from({ length: READS }, (_, left) => left))(
  'calls that are issued again are told once, although the store fails after %i reads',
  async (left) => {
    const world = new World();
    const [a, b] = [await world.open('a'), await world.open('b')];
    world.write(a, 20);
    await a.sync();
    await b.sync();
    const late = world.write(b, 2);
    await b.durable();
    world.write(a, 20);
    world.now += 2 * HOUR;
    await a.compact();
    world.write(a, 20);
    await a.sync();
    world.now += 2 * HOUR;
    const told: Reissued[] = [];
    b.on('reissued', (one) => told.push(one));
    const failure = new Error('the network is down');
    Object.assign(world.alarm, { left, work: () => Promise.reject(failure) });
    await b.sync().catch((error: unknown) => {
      expect(error).toBe(failure);
    });
    if (world.alarm.work === undefined) happened.failed.push(left);
    // Between the two syncs it goes on, in the old stream or in the new one.
    const between = world.write(b, 1);
    world.alarm.work = undefined;
    for (let round = 0; round < 2; round++) for (const master of [a, b]) await master.sync();
    const again = told.map(({ event }) => event.args[0]);
    expect([late, [...late, ...between]]).toContainEqual(again);
    expect(linesOf(a)).toHaveLength(63);
    expect(linesOf(b)).toEqual(linesOf(a));
    for (const master of [a, b]) await master.close();
  },
);

test('something happened after every number of reads, up to the last', () => {
  for (const after of [happened.deleted, happened.failed]) {
    expect(after.length).toBeGreaterThan(2);
    expect(after.length).toBeLessThan(READS);
    expect(after).toEqual(after.map((_, index) => index));
  }
});
