import { runInThisContext } from 'node:vm';
import { Master, MemoryStore, Prevalent, Transaction } from 'prevalent';
import { ClassTable } from '../../../src/model/class-table.js';
import type { AnyClass } from '../../../src/model/definition.js';
import { definitionOf } from '../../../src/model/prevalent.js';
import { refuseCode } from '../../../src/state/code-check.js';

let models = 0;

/** The table of a model whose class has this code: compilers may lower the operator. */
function tableOf(code: string, held?: string): ClassTable {
  const Model = runInThisContext(`(${code})`) as new () => object;
  const classes = held === undefined ? {} : { Held: runInThisContext(`(${held})`) as AnyClass };
  Prevalent(`code-check-${++models}`, { classes })(Model);
  return new ClassTable(definitionOf(Model));
}

test.each([
  [
    'in a method',
    'class Savings {\n  balance = 1;\n  accrue(n) {\n    this.balance *= 1.01 ** n;\n  }\n}',
    'Savings.accrue uses the operator ** (line 4',
  ],
  [
    'as an assignment',
    'class Savings {\n grow(n) { this.balance **= n; } }',
    'Savings.grow uses the operator **= (line 2',
  ],
  ['in an accessor', 'class Savings { get tenth() { return 10 ** -1; } }', 'Savings.tenth uses'],
  ['in a static helper', 'class Savings { static of(x) { return `${x ** 0.5}`; } }', 'Savings.of uses'],
  ['with a variable power of 2', 'class Savings { bit(n) { return 2 ** n; } }', 'Savings.bit uses'],
  [
    'in a base class',
    '(() => { class Base { a(x) { return x ** x; } } return class Savings extends Base {}; })()',
    'Base.a uses',
  ],
])('the operator is found %s', (_, code, message) => {
  expect(() => {
    refuseCode(tableOf(code));
  }).toThrow(message);
});

test('it is found in a class of the state', () => {
  expect(() => {
    refuseCode(tableOf('class Savings {}', 'class Rate { of(n) { return this.r ** n; } }'));
  }).toThrow('Rate.of uses the operator **');
});

test.each([
  ['in a comment', 'class Savings { a(x) { /* x ** 2 */ return Math.pow(x, 2); // x ** 2\n } }'],
  ['in a text', 'class Savings { a() { return "x ** 2" + `x ** 2` + /\\*\\*/.source; } }'],
  ['as an exact power', 'class Savings { a(x) { return x < 2 ** 53 && 10n ** 3n && x ** BigInt(4); } }'],
])('it is no reason to refuse %s', (_, code) => {
  expect(() => {
    refuseCode(tableOf(code));
  }).not.toThrow();
});

test("with check: 'replay' the call is refused, and nothing is recorded", async () => {
  @Prevalent('code-check-savings')
  class Savings {
    balance = 1;
    @Transaction() accrue(rate: number, months: number): void {
      this.balance *= (1 + rate) ** months;
    }
  }
  const checked = await Master.open(Savings, { name: 'one', store: new MemoryStore(), check: 'replay' });
  expect(() => {
    checked.model.accrue(0.01, 14);
  }).toThrow(expect.objectContaining({ code: 'NON_DETERMINISTIC_TRANSACTION' }) as Error);
  expect(checked.model.balance).toBe(1);
  await checked.close();
});
