import { NotDurableError } from '../../../src/errors.js';
import { adoption } from '../../checked-protocol.js';
import type { Seal } from '../../../src/store/frontier.js';
import { nextSeal } from '../../../src/protocol/seal.js';
import type { Heard } from '../../../src/protocol/seen.js';
import { A, at, facts, heard, seal } from './facts.js';

const first = seal(at(-9), { [A]: 1 });
const second = nextSeal(first, A, at(-8), new Map([[A, 2]]));
const apart = seal(at(-9), { [A]: 7 });
const future = nextSeal(second, A, at(2000), new Map());
const others = (...seals: readonly Seal[]): Heard[] => seals.map((of, index) => heard(`b${index}`, [], { seal: of }));

test.each([
  ['nothing is heard', undefined, [], { seal: undefined, future: 0, isUntold: false }],
  ['one is heard', undefined, [first], { seal: first, future: 0, isUntold: true }],
  ['the highest one is adopted', first, [first, second], { seal: second, future: 0, isUntold: true }],
  ['a lower one changes nothing', second, [first], { seal: second, future: 0, isUntold: true }],
  ['one from the future waits', second, [future], { seal: second, future: 3, isUntold: true }],
])('%s', (_, mine, heardOf, expected) => {
  const adopted = { kind: 'adoption', notice: undefined, ...expected };
  expect(adoption(facts({ seal: mine }), others(...heardOf))).toEqual(adopted);
});

test('what the own frontier repeats is told already', () => {
  expect(adoption(facts({ seal: first }), [heard('a', [], { seal: first })])).toMatchObject({ isUntold: false });
});

test('who cannot write stays under the seal it has, whatever is heard', () => {
  const known = { own: { failure: new NotDurableError('full') }, seal: first, future: 7 };
  const unchanged = { kind: 'adoption', seal: first, future: 7, isUntold: false, notice: undefined };
  for (const list of [others(second), others(apart), []]) expect(adoption(facts(known), list)).toEqual(unchanged);
});

describe('two that do not extend each other', () => {
  const refused = { kind: 'refusal', own: false, error: expect.objectContaining({ code: 'SEPARATE_HISTORIES' }) };
  const goesOn = { kind: 'adoption', seal: first, future: 0, isUntold: false };
  test.each([
    ['are refused', true, first, [apart], refused],
    ['are refused at a start that remembers no seal', false, undefined, [first, apart], refused],
    ['let a start go on under the one it remembers, and are told', false, first, [apart], goesOn],
  ])('%s', (_, isBuilt, mine, seals, expected) => {
    const adopted = adoption(facts({ seal: mine, state: { isBuilt } }), others(...seals));
    expect(adopted).toMatchObject(expected);
    if (adopted.kind === 'adoption') expect(adopted.notice).toMatch(/History was sealed twice/);
  });
});
