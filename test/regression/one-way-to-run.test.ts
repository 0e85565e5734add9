/** What looks through a Proxy, or past it, gives one answer: the one it gave live. */
import { isDeepStrictEqual, types } from 'node:util';
import { Prevalent, Transaction } from '../../src/index.js';
import { everyWay } from '../every-way.js';

class Status {
  static readonly OPEN = new Status('open');
  static readonly DONE = new Status('done');
  constructor(readonly label: string) {}
}

class Cat {
  lives = 9;
}

class Dog {
  bones = 1;
}

class Unnamed {
  value = 1;
}

const { freeze } = Object;

/** What models do that try something and go on. */
function caught(desk: Desk, attempt: () => unknown): void {
  try {
    attempt();
    desk.log.push('done');
  } catch (error) {
    desk.log.push((error as Error).name);
  }
}

@Prevalent('one-way', { classes: { status: Status, cat: Cat, dog: Dog } })
class Desk {
  status: Status | string = 'none';
  mode = '';
  cells = new Map([['a', 1]]);
  tags = new Set(['x']);
  due = [new Date(0)];
  pet: Cat | Dog = new Cat();
  pattern: RegExp | undefined;
  bytes: Uint8Array | undefined;
  failure: Error | undefined;
  guest: unknown;
  readonly fixed = Object.preventExtensions({ a: 1 });
  readonly log: unknown[] = [];

  @Transaction() set(mode: string): void {
    this.mode = mode;
  }
  @Transaction() start(): void {
    this.status = Status.OPEN;
  }
  @Transaction() finish(): void {
    this.log.push(this.status === Status.OPEN ? 'finished' : 'was not open');
    this.status = Status.DONE;
  }
  @Transaction() compare(): void {
    this.log.push(isDeepStrictEqual(this.tags, new Set(['x'])), isDeepStrictEqual(this.due, [new Date(0)]));
  }
  @Transaction() askTypes(): void {
    this.log.push(types.isMap(this.cells), types.isSet(this.tags), types.isDate(this.due[0]), types.isProxy(this.pet));
    this.log.push(ArrayBuffer.isView(this.bytes), types.isRegExp(this.pattern), types.isNativeError(this.failure));
  }
  @Transaction() askTags(): void {
    for (const one of [this.pattern, this.failure, this.bytes, this.cells, this.due, this.due[0], this.pet])
      this.log.push(Object.prototype.toString.call(one));
  }
  @Transaction() fill(): void {
    this.pattern = /a/;
    this.bytes = new Uint8Array([1, 2]);
    this.failure = new Error('kept');
  }
  @Transaction() drop(): void {
    this.pattern = this.failure = this.bytes = undefined;
  }
  @Transaction() retype(): void {
    caught(this, () => {
      (this.pet as unknown as { __proto__: object }).__proto__ = Dog.prototype;
    });
  }
  @Transaction() ice(): void {
    caught(this, () => freeze(this.pet));
  }
  @Transaction() shrink(): void {
    caught(this, () => delete (this.fixed as { a?: number }).a);
  }
  @Transaction() clone(): void {
    caught(this, () => this.log.push(structuredClone(this.cells).size));
  }
  /** Leaves what has no name in the state, if the mode says so. */
  @Transaction() invite(): void {
    this.log.push('invited');
    if (this.mode === 'unnamed') this.guest = new Unnamed();
    if (this.mode === 'function') this.guest = () => 1;
    if (this.mode === 'symbol') this.guest = Symbol('local');
    if (this.mode === 'passing') {
      this.guest = new Unnamed();
      this.guest = undefined;
    }
    if (this.mode === 'promise') return Promise.resolve() as never;
    if (this.mode === 'throws') throw new RangeError(`no ${String(this.guest)}`);
  }
  @Transaction() dismiss(): void {
    this.guest = undefined;
  }
}

type Call = (desk: Desk) => unknown;

const CASES: Record<string, Call[]> = {
  'an object with identity': [(d) => d.start(), (d) => d.finish(), (d) => d.finish()],
  'deep equality': [(d) => d.compare()],
  'util.types': [(d) => d.fill(), (d) => d.askTypes(), (d) => d.drop(), (d) => d.askTypes()],
  'tags of what came and went': [(d) => d.fill(), (d) => d.askTags(), (d) => d.drop(), (d) => d.askTags()],
  'another prototype': [(d) => d.retype()],
  'freezing by a function taken before': [(d) => d.ice()],
  'deleting from what takes no new properties': [(d) => d.shrink()],
  'a clone': [(d) => d.clone()],
};

test.each(Object.entries(CASES))('%s', async (_, calls) => {
  const { outcomes } = await everyWay(Desk, { calls });
  expect(outcomes.map(({ error }) => error)).toEqual(calls.map(() => undefined));
});

test.each(['unnamed', 'function', 'symbol', 'promise', 'throws'])(
  'a late event makes a call be refused (%s), whatever a later call makes of it',
  async (mode) => {
    const early: Call[] = [(d) => d.set(mode)];
    const { outcomes } = await everyWay(Desk, {
      early,
      calls: [(d) => d.invite(), (d) => d.dismiss(), (d) => d.set('')],
    });
    expect(outcomes.map(({ transaction, error }) => (error === undefined ? 'applied' : transaction))).toEqual([
      'applied',
      'invite',
      'applied',
      'applied',
    ]);
  },
);

test("what comes and goes within one call is nobody's business", async () => {
  const { outcomes } = await everyWay(Desk, { early: [(d) => d.set('passing')], calls: [(d) => d.invite()] });
  expect(outcomes.map(({ error }) => error)).toEqual([undefined, undefined]);
});
