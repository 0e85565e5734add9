/** Two views on one memory are one piece of state: bytes of a module or of another state are refused as objects of these are. */
import { copyOf, Master, MemoryStore, type MasterOptions, Prevalent, Transaction } from '../../../src/index.js';

interface Holder {
  bytes: unknown;
  readonly list: unknown[];
  n: number;
  put(): void;
  write(value: number): void;
  clear(): void;
}

interface Program {
  readonly initial?: () => unknown;
  readonly give?: (n: number) => unknown;
}

function programWith({ initial = () => null, give = () => null }: Program): new () => Holder {
  @Prevalent('holder-of-bytes')
  class Model implements Holder {
    bytes = initial();
    readonly list: unknown[] = [];
    n = 0;
    @Transaction() put(): void {
      this.list.push(give(this.n++));
    }
    @Transaction() write(value: number): void {
      for (const one of [this.bytes, ...this.list])
        if (one instanceof DataView) one.setInt8(0, value);
        else if (one instanceof Float64Array || one instanceof Uint8Array) one[0] = value;
    }
    @Transaction() clear(): void {
      this.list.length = 0;
    }
  }
  return Model;
}

const END = new Date(8.64e15);
const refusal = (message: RegExp): Error =>
  expect.objectContaining({ code: 'SHARED_STATE', message: expect.stringMatching(message) as string }) as Error;

const open = (Model: new () => Holder, options: Partial<MasterOptions> = {}): Promise<Master<Holder>> =>
  Master.open(Model, { name: 'desk', store: new MemoryStore(), ...options });

/** Another view of the same memory each time it is asked for. */
const VIEWS: [what: string, make: (memory: ArrayBuffer) => ArrayBufferView][] = [
  ['the whole again', (memory) => new Uint8Array(memory)],
  ['a part', (memory) => new Uint8Array(memory).subarray(1)],
  ['its last byte', (memory) => new Uint8Array(memory, 15)],
  ['a DataView', (memory) => new DataView(memory, 2)],
  ['another type', (memory) => new Float64Array(memory, 8)],
  ['a Buffer', (memory) => Buffer.from(memory, 4, 2)],
];

describe.each(VIEWS)('bytes of a module, shown by %s', (_, make) => {
  test('are refused in a new model', async () => {
    const memory = new ArrayBuffer(16);
    await expect(open(programWith({ initial: () => make(memory) }))).rejects.toEqual(
      refusal(/^Model\.bytes is on the bytes of the same \w+ in every new model.*copyOf\(it\)/),
    );
    const deep = programWith({ initial: () => ({ a: new Map([['k', [make(memory)]]]) }) });
    await expect(open(deep)).rejects.toEqual(refusal(/^Model\.bytes\.a\.k\.0 is on the bytes/));
  });

  test('may be copied there, and then nobody shares them', async () => {
    const memory = new ArrayBuffer(16);
    const store = new MemoryStore();
    const Model = programWith({ initial: () => copyOf(make(memory)) });
    const master = await open(Model, { store, check: 'replay' });
    master.model.write(7);
    const past = await master.at(END);
    await master.sync();
    const phone = await open(Model, { store, name: 'phone' });
    for (const { bytes } of [master.model, past, phone.model])
      expect([...new Uint8Array(copyOf(bytes as Uint8Array).buffer)].some((byte) => byte !== 0)).toBe(true);
    expect([...new Uint8Array(memory)]).toEqual(new Array(16).fill(0));
    await phone.close();
    await master.close();
  });

  test('are refused when a call brings them for the second time', async () => {
    const memory = new ArrayBuffer(16);
    const master = await open(programWith({ give: () => [make(memory)] }));
    master.model.put();
    for (let i = 0; i < 2; i++) {
      expect(() => {
        master.model.put();
      }).toThrow(refusal(/^Array\.0 would hold bytes that were not made now, but are or were part of a state/));
      master.model.clear();
    }
    expect(master.model.n).toBe(1);
    await master.close();
  });

  test('are found by the first run twice', async () => {
    const memory = new ArrayBuffer(16);
    const master = await open(programWith({ give: () => make(memory) }), { check: 'replay' });
    expect(() => {
      master.model.put();
    }).toThrow(refusal(/put: list\.0 would hold an object that the call did not make itself/));
    await master.close();
  });

  test('stop a replay that would put them into a second state', async () => {
    const memory = new ArrayBuffer(16);
    const store = new MemoryStore();
    const Model = programWith({ give: () => make(memory) });
    const master = await open(Model, { store });
    master.model.put();
    master.model.write(3);
    await master.sync();
    await expect(master.at(END)).rejects.toEqual(refusal(/cannot be replayed: .*bytes that were not made now/));
    await expect(open(Model, { store, name: 'phone' })).rejects.toEqual(refusal(/cannot be replayed/));
    await master.close();
  });

  test('may come again by the same call, undone exactly', async () => {
    const memory = new ArrayBuffer(16);
    const store = new MemoryStore();
    const Model = programWith({ give: (n) => (n === 0 ? make(memory) : n) });
    const desk = await open(Model, { store, now: () => 5_000 });
    const early = await open(Model, { store, name: 'early', now: () => 1_000 });
    early.model.clear();
    await early.close();
    desk.model.put();
    expect(await desk.sync()).toMatchObject({ received: 1, undone: 1, replayed: 2 });
    expect(desk.model.list).toHaveLength(1);
    await desk.close();
  });
});

test('bytes that migrate takes from a module are given to one state only', async () => {
  const store = new MemoryStore();
  const memory = new ArrayBuffer(4);
  @Prevalent('migrated-bytes')
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
  @Prevalent('migrated-bytes', {
    version: 2,
    migrate: { 1: (fields) => ({ ...fields, bytes: new Uint8Array(memory) }) },
  })
  class After {
    n = 0;
    bytes = new Uint8Array(4);
    @Transaction() count(): void {
      this.bytes[0] = ++this.n;
    }
  }
  const master = await Master.open(After, { name: 'a', store });
  master.model.count();
  await master.close();
  await expect(Master.open(After, { name: 'a', store })).rejects.toEqual(
    refusal(/After\.bytes, by migrate, would hold bytes that were not made now/),
  );
});

test('bytes of a state are refused in another one, and as arguments, whichever view shows them', async () => {
  let theirs: unknown;
  const Model = programWith({ initial: () => new Uint8Array(16), give: () => theirs });
  const other = await open(Model);
  const { buffer } = other.query(({ bytes }) => bytes as Uint8Array<ArrayBuffer>);
  const store = new MemoryStore();
  @Prevalent('taker-of-bytes')
  class Taker {
    last: unknown = null;
    @Transaction() take(bytes: unknown): void {
      this.last = bytes;
    }
  }
  const master = await open(Model);
  const taker = await Master.open(Taker, { name: 'a', store });
  for (const [, make] of VIEWS) {
    theirs = make(buffer);
    expect(() => {
      master.model.put();
    }).toThrow(refusal(/are or were part of a state/));
    for (const given of [theirs, [theirs], new Map([['k', { theirs }]])])
      expect(() => {
        taker.model.take(given);
      }).toThrow(expect.objectContaining({ code: 'LIVE_ARGUMENT' }));
  }
  expect(() => {
    taker.model.take(buffer);
  }).toThrow(expect.objectContaining({ code: 'LIVE_ARGUMENT' }));
  taker.model.take(copyOf(theirs));
  for (const one of [taker, master, other]) await one.close();
});

describe("Node's small Buffers, which share one memory", () => {
  const initial = (): unknown => [Buffer.from('aa'), Buffer.from('bb')];

  test('stay usable in new models, calls, arguments, copies of the past and on newcomers', async () => {
    const store = new MemoryStore();
    const Model = programWith({ initial, give: (n) => [Buffer.from(`call ${n}`), Buffer.from('one more')] });
    const master = await open(Model, { store, check: 'replay' });
    const again = await open(Model);
    for (let i = 0; i < 3; i++) master.model.put();
    const [first] = master.query(({ bytes }) => bytes as Buffer[]) as [Buffer];
    expect(first.buffer).toBe(master.query(({ bytes }) => bytes as Buffer[])[1]?.buffer);
    await master.sync();
    const phone = await open(Model, { store, name: 'phone' });
    const past = await master.at(END);
    for (const { list } of [phone.model, past])
      expect(copyOf(list)).toEqual([0, 1, 2].map((n) => [Buffer.from(`call ${n}`), Buffer.from('one more')]));
    for (const one of [phone, again, master]) await one.close();
  });

  test('of which one is of a module are refused', async () => {
    const theirs = Buffer.from('module');
    const neighbour = Buffer.from('other');
    expect(theirs.buffer).toBe(neighbour.buffer);
    await expect(open(programWith({ initial: () => theirs.subarray(1) }))).rejects.toEqual(refusal(/Model\.bytes/));
    const master = await open(programWith({ give: (n) => (n === 0 ? theirs.subarray(1) : neighbour) }));
    master.model.put();
    master.model.put();
    expect(() => {
      master.model.put();
    }).toThrow(refusal(/bytes that were not made now|an object that was not made now/));
    await master.close();
  });
});
