/** Random programs: whatever state they make comes back from its snapshot, and equal states have equal bytes. */
import fc from 'fast-check';
import { checkRoundTrip, checkSlices } from './snapshot-checks.js';
import { programs } from './state-program.js';
import { byEffort, EFFORT } from '../effort.js';

const RUNS = byEffort({ quick: 100, ci: 300, deep: 50_000 });
// The ordinary run always tries the same states; the long one tries others each time, and prints its seed if it fails.
const SEED = EFFORT === 'deep' ? {} : { seed: 20260201 };
const TIMEOUT = EFFORT === 'deep' ? 3_600_000 : 300_000;

test(
  `${RUNS} random states come back from their snapshots, and have the same bytes however they were reached`,
  () => {
    fc.assert(fc.property(programs, checkRoundTrip), { numRuns: RUNS, ...SEED });
  },
  TIMEOUT,
);

test(
  `${RUNS} random states are encoded in slices while transactions run, are undone and run again`,
  () => {
    const slices = fc.array(fc.nat(12), { minLength: 1, maxLength: 6 });
    fc.assert(fc.property(programs, fc.nat(4), slices, checkSlices), { numRuns: RUNS, ...SEED });
  },
  TIMEOUT,
);
