import { checkRoundTrip } from '../property/snapshot-checks.js';
import type { Step } from '../property/state-program.js';

const primitive = { is: 'primitive', value: 0 } as const;
const operate = (path: number, operation: number, number: number): Step => ({
  do: 'operate',
  path: [path],
  operation,
  numbers: [number, 0, 0],
  values: [primitive, primitive],
});

test('a hidden field that a transaction defined on an array is not lost in a snapshot (found by a random program)', () => {
  checkRoundTrip([[operate(49, 60, -1), operate(0, 0, 0)], [operate(0, 0, 0)]]);
});
