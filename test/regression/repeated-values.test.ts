import { Master, MemoryStore, Prevalent, type PrevalentError, Transaction } from '../../src/index.js';

@Prevalent('repeated-values')
class Holder {
  held: unknown;
  @Transaction() hold(...values: unknown[]): void {
    this.held = values;
  }
}

/** Order and identity of what is in Sets and Maps, as text. */
function shown(value: unknown): string {
  if (value instanceof Set) return `Set{${[...value].map(shown).join()}}`;
  if (value instanceof Map) return `Map{${[...value].map((pair) => pair.map(shown).join('=>')).join()}}`;
  if (Array.isArray(value)) return `[${value.map(shown).join()}]`;
  if (typeof value === 'object' && value !== null)
    return `{${Object.entries(value)
      .map(([key, one]) => `${key}:${shown(one)}`)
      .join()}}`;
  if (typeof value === 'bigint') return `${value}n`;
  return Object.is(value, -0) ? '-0' : String(value);
}

const CASES: unknown[][] = [
  [1n, new Set([1n, 2n])],
  [new Set([1n, 2n]), 1n],
  [NaN, new Set([NaN, 1])],
  [Infinity, new Set([Infinity, 1])],
  [-0, new Map([[1, -0]])],
  [
    5n,
    new Map([
      [5n, 'x'],
      [6n, 'y'],
    ]),
  ],
  [
    new Map([
      [5n, 'x'],
      [6n, 'y'],
    ]),
    6n,
    new Map([[5n, 'z']]),
  ],
  [[1n, 1n]],
  [new Set([1n]), new Set([2n, 1n, 3n])],
  [{ owner: 7n, members: new Set([{ id: 7n }]) }],
  [new Map([[1n, 1n]])],
  [
    new Map([
      ['a', NaN],
      ['b', NaN],
    ]),
  ],
];

test.each(CASES.map((values) => [shown(values), values] as const))(
  '%s is refused, or comes back in its order',
  async (text, values) => {
    const master = await Master.open(Holder, { name: 'a', store: new MemoryStore() });
    let refusal: unknown;
    try {
      master.model.hold(...values);
    } catch (error) {
      refusal = (error as PrevalentError).code;
    }
    const held = master.query((holder) => holder.held);
    expect({ refusal, held: held === undefined ? undefined : shown(held) }).toEqual(
      refusal === undefined ? { refusal: undefined, held: text } : { refusal: 'UNCARRIABLE_ARGUMENT', held: undefined },
    );
    await master.close();
  },
);
