/** One master on the engine that runs this; the arguments say what to do, and what came of it is printed as JSON. */
import 'reflect-metadata';
import { createHash } from 'node:crypto';
import { Master, MemoryStore, Prevalent, Transaction } from '../../src/index.js';

type Numbers = (x: number, y: number) => number;
const FUNCTIONS = Object.getOwnPropertyNames(Math).filter((name) => typeof Reflect.get(Math, name) === 'function');
/** Later engines have more of them. */
const COMMON = FUNCTIONS.filter((name) => !['random', 'f16round', 'sumPrecise'].includes(name));

@Prevalent('engines')
class Engines {
  readonly numbers = new Map<string, number[]>();
  readonly order: string[] = [];

  @Transaction() compute(name: string): void {
    const id = crypto.randomUUID();
    const of = Reflect.get(Math, name) as Numbers;
    this.numbers.set(
      id,
      Array.from({ length: 20 }, () => of(Math.random() * 50, Math.random() * 10 - 5)),
    );
    this.order.push(id);
    // Collections under deletes, and a sort whose comparator meets equal members.
    if (this.order.length % 7 === 0) this.numbers.delete([...this.numbers.keys()][Math.floor(Math.random() * 5)] ?? '');
    if (this.order.length % 11 === 0) this.order.sort((a, b) => a.charCodeAt(0) - b.charCodeAt(0));
  }
}

@Prevalent('engines-temporal')
class Stamps {
  readonly all: string[] = [];
  @Transaction() stamp(): void {
    const { Now } = (
      globalThis as unknown as { Temporal: { Now: Record<string, (zone?: string) => { toString(): string }> } }
    ).Temporal;
    const { instant, zonedDateTimeISO, plainDateTimeISO, plainDateISO, plainTimeISO } = Now;
    this.all.push(new Date().toISOString(), instant?.().toString() ?? '');
    for (const read of [zonedDateTimeISO, plainDateTimeISO, plainDateISO, plainTimeISO])
      this.all.push(read?.('UTC').toString() ?? '');
  }
}

/** All of a state; numbers to the last bit. */
function textOf({ numbers, order }: Engines): string {
  return JSON.stringify([
    [...numbers].map(([id, all]) => [id, all.map((one) => (Object.is(one, -0) ? '-0' : String(one)))]),
    order,
  ]);
}

async function engines(name: string, store: string, local: string, rounds: number): Promise<object> {
  const master = await Master.open(Engines, { name, store, local });
  for (let round = 0; round < rounds; round++) {
    for (const one of COMMON) master.model.compute(one);
    await master.sync();
  }
  await master.sync();
  const { engines: known, notices } = await master.status();
  const rejected = master.rejections().length;
  const state = textOf(master.query((model: Engines) => model));
  await master.close();
  const powers = Array.from({ length: 1000 }, (_, i) => (1 + i / 1000) ** 14.5).join();
  const native = createHash('sha256').update(powers).digest('hex');
  return {
    known,
    notices,
    rejected,
    native,
    size: state.length,
    state: createHash('sha256').update(state).digest('hex'),
  };
}

async function temporal(): Promise<object> {
  const store = new MemoryStore();
  const one = await Master.open(Stamps, { name: 'one', store, check: 'replay' });
  one.model.stamp();
  await one.sync();
  const two = await Master.open(Stamps, { name: 'two', store });
  const [first, second] = [one, two].map((master) => [...master.query((model) => model).all]);
  await two.close();
  await one.close();
  return { first, second };
}

const [task = '', store = '', local = '', rounds = '0'] = process.argv.slice(2);
console.log(JSON.stringify(task === 'temporal' ? await temporal() : await engines(task, store, local, Number(rounds))));
