import { adoption } from '../../../src/protocol/adopt.js';
import { nextSeal } from '../../../src/protocol/seal.js';
import { A, at, facts, heard, seal } from './facts.js';

const first = seal(at(-9), { [A]: 1 });
const second = nextSeal(first, A, at(-8), new Map([[A, 2]]));
const apart = seal(at(-9), { [A]: 7 });
const future = nextSeal(second, A, at(2000), new Map());

test.each([
  ['nothing is heard', undefined, [], { seal: undefined, future: 0, isUntold: false }],
  ['one is heard', undefined, [first], { seal: first, future: 0, isUntold: true }],
  ['the highest one is adopted', first, [first, second], { seal: second, future: 0, isUntold: true }],
  ['a lower one changes nothing', second, [first], { seal: second, future: 0, isUntold: true }],
  ['one from the future waits', second, [future], { seal: second, future: 3, isUntold: true }],
])('%s', (_, mine, heardOf, expected) => {
  const list = heardOf.map((of, index) => heard(`b${index}`, [], { seal: of }));
  expect(adoption(facts({ seal: mine }), list)).toEqual(expected);
});

test('what the own frontier repeats is told already', () => {
  expect(adoption(facts({ seal: first }), [heard('a', [], { seal: first })]).isUntold).toBe(false);
});

test('two that do not extend each other are refused', () => {
  expect(() => adoption(facts({ seal: first }), [heard('b', [], { seal: apart })])).toThrow(
    expect.objectContaining({ code: 'SEPARATE_HISTORIES' }),
  );
});
