import { stableCut } from '../../../src/protocol/stable-cut.js';
import { at, HOUR, NOW } from './facts.js';

const SLEEPER = at(-30 * HOUR);
test.each([
  ['time alone bounds it', [], undefined],
  ['a promise beyond it changes nothing', [[at(-HOUR / 2)]], undefined],
  ['the smallest promise', [[at(-3 * HOUR)], [at(-2 * HOUR)]], at(-3 * HOUR)],
  ['not of one that is asleep', [[SLEEPER], [at(-2 * HOUR)]], at(-2 * HOUR)],
  ['of one that was heard from just within patience', [[at(-24 * HOUR)], [at(-2 * HOUR)]], at(-24 * HOUR)],
  ['of one that is asleep, but waited for', [[SLEEPER, true], [at(-2 * HOUR)]], SLEEPER],
] as const)('the stable cut: %s', (_, clocks, expected) => {
  const promises = clocks.map(([clock, waited = false]) => ({ key: `of ${clock}`, clock, waited }));
  const { H, heldBy } = stableCut({ now: NOW, retention: HOUR, patience: 24 * HOUR, promises });
  expect(heldBy).toBe(expected === undefined ? undefined : `of ${expected}`);
  expect(H.slice(0, 10)).toBe((expected ?? at(-HOUR)).slice(0, 10));
  if (expected !== undefined) expect(H).toBe(expected);
});
