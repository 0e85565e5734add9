import { transformSync as swc } from '@swc/core';
import { transformSync as esbuild } from 'esbuild';
import ts from 'typescript';
import { hiddenStateOf } from '../../../src/model/hidden-state.js';

type Class = new (...args: never[]) => object;

/** The class that this code gives, in the scope of a module of its own. */
function classOf(code: string): Class {
  // eslint-disable-next-line @typescript-eslint/no-implied-eval -- the text is this test's own
  return new Function(code)() as Class;
}

const whatOf = (type: Class): string | undefined => hiddenStateOf(type.prototype as object)?.what;

describe('private members that an instance has are found', () => {
  test.each<[string, string, RegExp]>([
    ['a field', 'return class A { #cents = 0; }', /#cents/],
    ['a field without a value', 'return class A { #cents\n other = 1 }', /#cents/],
    ['a field that only a static method reads', 'return class A { #c = 0; static of(m) { return m.#c; } }', /#c$/],
    ['a field asked for by in', 'return class A { #brand; static is(o) { return #brand in o; } }', /#brand/],
    ['a method', 'return class A { run() { this.#step(); } #step() {} }', /#step/],
    ['an accessor', 'return class A { get #x() { return 1; } }', /#x/],
    ['an async generator', 'return class A { async *#all() {} }', /#all/],
    ['beside a static one', 'return class A { static #made = 0; #cents = 1; }', /#cents/],
    ['of a base class', 'class Base { #v = 0; } return class A extends Base {}', /^extends Base, which has .*#v/],
    ['of a base class without a name', 'return class A extends (class { #v = 0; }) {}', /a class without a name.*#v/],
    ['of the base of a base', 'class C { #v; } class B extends C {} return class A extends B {}', /^extends C, which/],
    ['of an anonymous class', 'return (() => class { #v = 0; })()', /#v/],
    [
      'behind a comment and a string',
      'return class A { x = "}"; /* { */ y = `${{ a: 1 }.a}`; z = /[/}]/; #v = 1; }',
      /#v/,
    ],
  ])('%s', (_, code, message) => {
    expect(whatOf(classOf(code))).toMatch(message);
  });
});

describe('what is no hidden state is none', () => {
  test.each<[string, string]>([
    ['a comment', 'return class A { items = []; /* this.#items before version 2 */ // this.#x\n }'],
    ['a string', 'return class A { help = "use this.#items"; }'],
    ['a template', 'return class A { help() { return `this.#items ${1} #x`; } }'],
    ['a regular expression', 'return class A { is(s) { return /this.#x/.test(s) || /[#]y/u.test(s); } }'],
    ['a static field', 'return class A { static #made = 0; static make() { A.#made++; return new A(); } }'],
    ['a static method', 'return class A { static async #load() {} static get #x() { return 1; } static *#all() {} }'],
    [
      'a class inside of a method',
      'return class A { run() { return new (class { #x = 1; get x() { return this.#x; } })().x; } }',
    ],
    ['a division', 'return class A { half(a, b) { return a / 2 / b; } }'],
    ['a key', 'return class A { ["#x"] = 1; "#y" = 2; }'],
    [
      'lodash',
      'const _ = { set() {} }; return class A { constructor() { _.set(this, "a.b", 1); Reflect.set(this, "x", 1); } }',
    ],
    ['a visitor of its own', 'return class A { all() { const seen = new Set(); seen.add(this); return seen; } }'],
    [
      'what it is given',
      'return class A { constructor(parent, { set }) { parent.add(this); set.add(this); this.parts.set(this, 1); } }',
    ],
    [
      'what it makes',
      'return class A { constructor() { const { own } = new Map(); own.set(this, 1); let x = new Set(); x.add(this); } }',
    ],
    ['bases of the language', 'return class A extends Map { find() {} }'],
    ['errors', 'return class A extends RangeError { constructor() { super("x"); this.code = 1; } }'],
    ['a constructor function', 'function A(text) { this.text = text; } A.prototype.run = function () {}; return A'],
    [
      'a helper that is given something else',
      'const __privateAdd = () => 0; return class A { static x = __privateAdd(1, 2); }',
    ],
  ])('%s', (_, code) => {
    expect(whatOf(classOf(code))).toBeUndefined();
  });
});

const SOURCE = `class Money {
  #cents = 0;
  static of(cents: number): Money { const money = new Money(); money.#cents = cents; return money; }
  cents(): number { return this.#cents; }
}
class Price extends Money { label = ''; }
return Price;`;
const STATIC = `class Money { static #made = 0; cents = 0; static of() { Money.#made++; return new Money(); } } return Money;`;

const typescript =
  (target: ts.ScriptTarget, options: ts.CompilerOptions = {}) =>
  (text: string) =>
    ts.transpileModule(text, { compilerOptions: { target, ...options } }).outputText;

const inFunction = (text: string): string => `function give() { ${text} }\ngive();`;

const COMPILERS: [string, (text: string) => string][] = [
  ['TypeScript, ES2022', typescript(ts.ScriptTarget.ES2022)],
  ['TypeScript, ES2021', typescript(ts.ScriptTarget.ES2021)],
  ['TypeScript, ES2015', typescript(ts.ScriptTarget.ES2015)],
  ['esbuild, native', (text) => esbuild(inFunction(text), { loader: 'ts', target: 'es2022' }).code],
  ['esbuild, lowered', (text) => esbuild(inFunction(text), { loader: 'ts', target: 'es2021' }).code],
  ['esbuild, minified', (text) => esbuild(inFunction(text), { loader: 'ts', target: 'es2022', minify: true }).code],
  ...['es2022', 'es2021', 'es2015', 'es5'].map<[string, (text: string) => string]>((target) => [
    `swc, ${target}`,
    (text) =>
      swc(inFunction(text), {
        swcrc: false,
        configFile: false,
        isModule: false,
        jsc: { target: target as 'es2022', parser: { syntax: 'typescript' } },
      }).code,
  ]),
];

test.each(COMPILERS)('private members are found as %s writes them, those of the class itself are not', (_, compile) => {
  const given = (text: string): Class => {
    const code = compile(text);
    return classOf(code.includes('function give') ? code.replace(/give\(\);?\s*$/, 'return give();') : code);
  };
  // A minifier renames them.
  expect(whatOf(given(SOURCE))).toMatch(/the private member #(cents|e)\b/);
  expect(whatOf(given(STATIC))).toBeUndefined();
});

describe('data outside of the object is found', () => {
  test.each<[string, Class | (() => Class), RegExp]>([
    [
      'a WeakMap of the module',
      classOf('const cents = new WeakMap(); return class A { constructor(c) { cents.set(this, c); } }'),
      /in cents, outside/,
    ],
    [
      'a WeakSet of the module',
      classOf('const made = new WeakSet(); return class A { constructor() { made.add(this); } }'),
      /in made, outside/,
    ],
    [
      'a constructor function',
      classOf('const data = new WeakMap(); return function A(x) { data.set(this, { x: [x, 1] }); }'),
      /in data/,
    ],
    ['URL', URL, /./],
    ['URLSearchParams', URLSearchParams, /./],
    ['Promise', Promise, /internal slots/],
    ['WeakRef', WeakRef, /internal slots/],
    ['Intl.NumberFormat', Intl.NumberFormat, /Intl.NumberFormat/],
    ['String', String, /internal slots/],
    ['a class of Promise', class Later extends Promise<void> {}, /^extends Promise, which keeps/],
    ['Headers', Headers, /./],
    ['AbortController', AbortController, /./],
    [
      'a polyfill of Temporal',
      classOf(
        'const slots = new WeakMap(); const make = (t) => slots.set(t, {}); class PlainDate { constructor() { make(this); } } ' +
          'Object.defineProperty(PlainDate.prototype, Symbol.toStringTag, { value: "Temporal.PlainDate" }); return PlainDate;',
      ),
      /Temporal.PlainDate/,
    ],
  ])('%s', (_, type, message) => {
    expect(whatOf(type as Class)).toMatch(message);
  });
});
