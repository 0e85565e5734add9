/** Random programs end alike in every way a master may run them: states, order included, outcomes and error texts. */
import fc from 'fast-check';
import { Prevalent, Transaction } from 'prevalent';
import { everyWay } from '../every-way.js';
import { byEffort, EFFORT } from '../effort.js';
import { programs, runSteps, type Step } from './state-program.js';
import { CLASSES, World } from './state-world.js';

const PROGRAMS = Number(process.env.PREVALENT_PROGRAMS ?? byEffort({ quick: 200, ci: 2_000, deep: 200_000 }));
/** So many programs follow each other on one state: to begin with a new one each time is most of the work. */
const TOGETHER = byEffort({ quick: 20, ci: 20, deep: 50 });
const PART = 100;

/** The scenes of all programs: code of the model, as far as masters are concerned, so that they may hold what no journal carries. */
let script: readonly (readonly Step[])[] = [];

@Prevalent('state-ways-world', { classes: CLASSES })
class Theatre extends World {
  @Transaction() play(scene: number): void {
    runSteps(this, script[scene] ?? []);
  }
}

/** The first scenes are played where nobody hears of them until the others are over, so that these are undone and run again. */
async function check(together: readonly (readonly (readonly Step[])[])[], early: number): Promise<void> {
  script = together.flat();
  const calls = script.map(
    (_, scene) =>
      (theatre: Theatre): void =>
        theatre.play(scene),
  );
  await everyWay(Theatre, { early: calls.slice(0, early), calls: calls.slice(early) });
  // What a WeakRef was made for lives until the turn ends, and masters in memory take no other turn: 6,500 programs filled 4 GB.
  await new Promise(setImmediate);
}

test(
  `${PROGRAMS} random programs end alike in every way`,
  async () => {
    // The long run looks for what is new; every other run must end as the one before.
    const first = EFFORT === 'deep' ? fc.sample(fc.integer({ min: 1, max: 2 ** 30 }), 1)[0]! : 1;
    const together = fc.array(programs, { minLength: TOGETHER, maxLength: TOGETHER });
    for (let part = 0; part * PART * TOGETHER < PROGRAMS; part++)
      await fc.assert(fc.asyncProperty(together, fc.nat(2), check), {
        numRuns: Math.ceil(Math.min(PART, PROGRAMS / TOGETHER)),
        seed: first + part,
      });
  },
  12 * 3_600_000,
);
