import { Decimal } from 'decimal.js';
import { Type } from 'class-transformer';
import { Master, MemoryStore, Prevalent, Transaction } from '../../../src/index.js';
import { everyWay } from '../../every-way.js';

const decimal = { class: Decimal, encode: (d: Decimal) => d.toString(), decode: (s: string) => new Decimal(s) };

const declare = (options: object) =>
  expect(() => {
    Prevalent('declared-values', options)(class Declared {});
  });

class Label {
  constructor(readonly text: string) {}
}

const label = { class: Label, encode: (one: Label) => one.text, decode: (text: string) => new Label(text) };

test.each<[string, object, RegExp]>([
  ['no class', { values: { x: { ...decimal, class: undefined } } }, /value x has no class; does its module/],
  ['nothing', { values: { x: undefined } }, /value x has no class/],
  [
    'an instance for its class',
    { values: { x: { ...decimal, class: new Decimal(1) } } },
    /something without a prototype/,
  ],
  ['no encode', { values: { x: { class: Decimal, decode: decimal.decode } } }, /needs the functions encode and decode/],
  ['no decode', { values: { x: { class: Decimal, encode: decimal.encode } } }, /needs the functions encode and decode/],
  ['plain objects', { values: { x: { ...decimal, class: Object } } }, /a state holds as it is/],
  ['lists', { values: { x: { ...decimal, class: Array } } }, /a state holds as it is/],
  ['Dates', { values: { x: { ...decimal, class: Date } } }, /a state holds as it is/],
  ['bytes', { values: { x: { ...decimal, class: Uint8Array } } }, /a state holds as it is/],
  ['Buffers', { values: { x: { ...decimal, class: Buffer } } }, /a state holds as it is/],
  ['errors', { values: { x: { ...decimal, class: TypeError } } }, /a state holds as it is/],
  ['a class twice', { values: { x: decimal, y: decimal } }, /values x and y are of the same class/],
  ['a class of the state', { values: { label }, classes: { tag: Label } }, /class tag is also that of the value label/],
  [
    'the name of a class',
    { values: { decimal }, classes: { decimal: Label } },
    /"decimal" stands for one of its values/,
  ],
  ['the name of a constant', { values: { decimal }, constants: { decimal: {} } }, /"decimal" stands for/],
  [
    'the name of the model',
    { values: { 'declared-values': decimal } },
    /"declared-values" stands for the model itself/,
  ],
  ['a name with a space', { values: { 'a b': decimal } }, /"a b" cannot name a value/],
  ['a constant of its class', { values: { label }, constants: { one: new Label('a') } }, /only one of the two/],
])('%s is refused at decoration', (_, options, message) => {
  declare(options).toThrow(message);
  declare(options).toThrow(expect.objectContaining({ code: 'DECORATOR_USAGE' }) as Error);
});

const RATES = { low: { factor: new Decimal('0.1') }, high: { factor: new Decimal('0.2') } };

class Line {
  @Type(() => Decimal) price = RATES.low.factor;
}

@Prevalent('rates-of-values', { classes: { line: Line }, constants: { rates: RATES }, values: { decimal } })
class Rates {
  static readonly ZERO = new Decimal(0);
  rate: { readonly factor: Decimal } = RATES.low;
  factor = Rates.ZERO;
  @Type(() => Line) readonly lines: Line[] = [];
  @Transaction() choose(rate: { readonly factor: Decimal }): void {
    this.rate = rate;
    this.factor = this.rate.factor;
    this.lines.push(new Line());
  }
}

test('values inside constants, in static fields and under @Type are values, which the state copies', async () => {
  const { state } = await everyWay(Rates, {
    calls: [
      (model) => {
        model.choose(RATES.high);
      },
    ],
    ask: ({ rate, factor, lines }) => [
      [rate === RATES.high, rate.factor === RATES.high.factor, factor.toString(), factor === RATES.high.factor],
      lines.map(({ price }) => [price.toString(), price === RATES.low.factor]),
    ],
  });
  expect(state).toContain('[[true,true,"0.2",false],[["0.1",false]]]');
});

/** One object for each text. */
class Unit {
  static readonly #known = new Map<string, Unit>();
  private constructor(readonly name: string) {}
  static of(name: string): Unit {
    const unit = Unit.#known.get(name) ?? new Unit(name);
    Unit.#known.set(name, unit);
    return unit;
  }
}

@Prevalent('units-of-values', {
  values: { unit: { class: Unit, encode: ({ name }) => name, decode: (name) => Unit.of(name) } },
})
class Units {
  readonly list: unknown[] = [Unit.of('m')];
  readonly seen = new Set<Unit>();
  unit = Unit.of('m');
  @Transaction() add(unit: Unit): void {
    if (this.seen.has(unit)) throw new Error(`${unit.name} again`);
    this.seen.add(unit);
    this.unit = unit;
    this.list.push({ unit }, Object.freeze([unit]));
  }
}

test('a class with one object for each text keeps its identity everywhere, private constructor and all', async () => {
  const add = (name: string) => (model: Units) => {
    model.add(Unit.of(name));
  };
  const { state, outcomes } = await everyWay(Units, {
    early: [add('s')],
    calls: [add('kg'), add('m'), add('s')],
    ask: ({ unit, seen }) => [unit === Unit.of('m'), seen.has(Unit.of('kg')), seen.has(Unit.of('A'))],
  });
  expect(state).toContain('[true,true,false]');
  expect(outcomes.map(({ error }) => error)).toEqual([undefined, undefined, undefined, 'Error: s again']);
});

test('an instance of a subclass is another value', async () => {
  class Precise extends Decimal {}
  @Prevalent('precise-of-values', { values: { decimal } })
  class Model {
    slot: unknown;
    @Transaction() make(): void {
      const made: unknown = Object.setPrototypeOf(new Decimal(1), Precise.prototype);
      this.slot = made;
    }
  }
  const master = await Master.open(Model, { name: 'one', store: new MemoryStore() });
  expect(() => {
    master.model.make();
  }).toThrow(
    expect.objectContaining({ code: 'UNKNOWN_CLASS', message: expect.stringContaining('values: {') }) as Error,
  );
  await master.close();
});
