import { format as prettyFormat } from 'pretty-format';
import { inspect } from 'node:util';
import { Prevalent } from 'prevalent';
import { Managed } from './managed.js';

class Tag {
  constructor(readonly name: string) {}
}

@Prevalent('printed', { classes: { Tag } })
class Diary {
  title = 'mine';
  readonly tags = new Set([new Tag('home')]);
  readonly days = new Map<string, unknown>([['mon', { at: new Date(0), list: [1, , 'x'] }]]);
  readonly fixed = Object.freeze({ inner: { deep: [new Tag('frozen')] }, list: Object.freeze([{ m: 1 }]) });
  readonly bytes = new Uint8Array([1, 2]);
  get size(): number {
    return this.tags.size;
  }
}

const managed = new Managed(Diary);
const { model } = managed;
const plain = new Diary();
managed.transact((diary) => (diary.title = plain.title = 'yours'));

/** The whole and its parts, as readers hold them, and as they are without any guard. */
const PAIRS: readonly [name: string, guarded: unknown, bare: unknown][] = [
  ['the model', model, plain],
  ['the model in something else', { held: [model] }, { held: [plain] }],
  ...(['tags', 'days', 'fixed', 'bytes'] as const).map((key): [string, unknown, unknown] => [
    key,
    model[key],
    plain[key],
  ]),
  ['a date', (model.days.get('mon') as { at: Date }).at, new Date(0)],
  ['a member', [...model.tags][0], new Tag('home')],
];

test.each(PAIRS)('console.log prints %s as the bare object', (_, guarded, bare) => {
  for (const options of [{}, { depth: 0 }, { depth: null }, { compact: false, sorted: true }, { colors: true }])
    expect(inspect(guarded, options)).toBe(inspect(bare, options));
});

test('the state that was put in its place is printed then', () => {
  const other = new Managed(Diary);
  const rebuilt = new Diary();
  rebuilt.title = 'rebuilt';
  other.executor.replace(rebuilt);
  expect(inspect(other.model)).toBe(inspect(rebuilt));
});

test('printing leaves no key, and shows nothing that could be written to', () => {
  expect(Reflect.ownKeys(model)).toEqual(Reflect.ownKeys(plain));
  expect(Symbol.for('nodejs.util.inspect.custom') in model).toBe(false);
  expect(Reflect.get(model, Symbol.for('nodejs.util.inspect.custom'))).toBeUndefined();
});

test('a class that prints itself does', () => {
  @Prevalent('printed-by-itself')
  class Own {
    secret = 1;
    [Symbol.for('nodejs.util.inspect.custom')](): string {
      return `Own <${typeof this.secret}>`;
    }
  }
  expect(inspect(new Managed(Own).model)).toBe('Own <number>');
});

// Jest and Vitest show differences by this printer, which asks the traps.
test.each(PAIRS)('the printer of test runners shows %s as the bare object', (_, guarded, bare) => {
  expect(prettyFormat(guarded)).toBe(prettyFormat(bare));
});
