import {
  counts,
  hashAt,
  highestSeal,
  holdsAllOf,
  isReadable,
  nextSeal,
  relate,
  sealHash,
} from '../../../src/protocol/seal.js';
import { A, at, B, event, seal, vector } from './facts.js';

const H = at(5);

test.each([
  ['without a seal', undefined, 1, at(1), true],
  ['named', seal(H, { [B]: 2 }), 2, at(1), true],
  ['not named, up to H', seal(H, { [B]: 2 }), 3, H, false],
  ['not named, after H', seal(H, { [B]: 2 }), 3, at(6), true],
  ['of a stream that is not named', seal(H, {}), 1, at(1), false],
])('whether an event counts: %s', (_, under, seq, id, expected) => {
  expect(counts(event('b', seq, id), under)).toBe(expected);
});

test.each([
  [null, undefined, true],
  [H, undefined, false],
  [H, seal(at(4), {}), false],
  [H, seal(H, {}), true],
])('whether a stream with after %s is readable', (after, under, expected) => {
  expect(isReadable(after, under)).toBe(expected);
});

describe('along a chain', () => {
  const first = nextSeal(undefined, A, at(1), vector({ [A]: 1 }));
  const second = nextSeal(first, A, at(2), vector({ [A]: 1, [B]: 4 }));
  const third = nextSeal(second, B, at(3), vector({ [B]: 2 }));
  const apart = nextSeal(undefined, B, at(1), vector({ [B]: 1 }));

  test('numbers rise by one, entries neither shrink nor disappear, and each names the hashes of all before', () => {
    expect([first.no, second.no, third.no]).toEqual([1, 2, 3]);
    expect(third.V).toEqual({ [A]: 1, [B]: 4 });
    expect(third.chain).toEqual([sealHash(first), sealHash(second)]);
    expect([hashAt(third, 2), hashAt(third, 3), hashAt(third, 4), hashAt(undefined, 1)]).toEqual([
      sealHash(second),
      sealHash(third),
      undefined,
      undefined,
    ]);
  });

  test.each([
    [first, first, 'same'],
    [first, third, 'later'],
    [third, first, 'earlier'],
    [first, apart, 'separate'],
    [third, apart, 'separate'],
  ] as const)('how two stand to each other', (mine, other, expected) => {
    expect(relate(mine, other)).toBe(expected);
  });

  test.each([
    [undefined, [], undefined],
    [undefined, [first, third, second], third],
    [second, [first], second],
  ])('the highest of those heard of', (mine, offers, expected) => {
    expect(
      highestSeal(
        mine,
        offers.map((of) => ({ seal: of, master: 'm' })),
      ),
    ).toBe(expected);
  });

  test('two that do not extend each other are refused', () => {
    expect(highestSeal(second, [{ seal: apart, master: 'm' }])).toMatchObject({ code: 'SEPARATE_HISTORIES' });
  });
});

test.each([
  [{ [A]: 2 }, true],
  [{ [A]: 3, [B]: 1 }, true],
  [{ [A]: 1 }, false],
  [{}, false],
])('a state with %j holds all of it: %s', (counted, expected) => {
  expect(holdsAllOf(seal(H, { [A]: 2 }), vector(counted))).toBe(expected);
});
