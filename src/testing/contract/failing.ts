import type { FailureKind } from '../../store/store.js';
import { Life } from './life.js';
import { asked, type Check, type StorePlace } from './place.js';
import { holds } from './verdict.js';
import { range } from './writer.js';

/** So many lives are led at a time: in most of each, a disk or a network is waited for. */
const AT_ONCE = 8;

/** What is unreachable is told as that, by whatever call: who reads would else take for gone what is there. */
function expected(error: unknown, kind: FailureKind | undefined): void {
  const { code } = error as { readonly code?: unknown };
  if (kind === 'refused' || (kind !== undefined && code === 'STORE_UNREACHABLE')) return;
  throw new Error(`it fails with ${String(code)}, not STORE_UNREACHABLE: ${(error as Error).message}`, {
    cause: error,
  });
}

/** Once more if it fails: a failure comes once. */
async function twice(work: () => Promise<void>, kind: FailureKind | undefined): Promise<void> {
  try {
    await work();
  } catch (error) {
    expected(error, kind);
    await work();
  }
}

/** Runs a life in which the storage fails once. What is unreachable is tried again; what is refused is left, and a new process goes on. */
async function liveThrough(at: StorePlace, kind?: FailureKind): Promise<void> {
  const life = new Life(at);
  for (const step of life.steps()) {
    try {
      await step();
    } catch (error) {
      expected(error, kind);
      // Others may look before anything is tried again.
      await life.look();
      if (kind !== 'refused') await step();
      else {
        await life.die();
        await twice(() => life.start(), kind);
      }
    }
    await twice(() => life.look(), kind);
  }
  await twice(() => life.end(), kind);
  await twice(() => life.look(), kind);
}

/** Failures at every call in turn, and deaths between any two. */
export function failing(check: Check): void {
  check('a process that is killed between any two calls loses nothing that was acknowledged', async (first, make) => {
    const count = new Life(first).steps().length;
    for (let alive = 0; alive <= count; alive++) {
      const life = new Life(await make());
      for (const step of life.steps().slice(0, alive)) await step();
      await life.die();
      await life.look();
      await life.start();
      await life.look();
      await life.end();
    }
  });

  check('a call that fails, each in turn and in each way, loses and doubles nothing', async (first, make) => {
    const { failures } = first.open().capabilities;
    if (failures.length === 0) return liveThrough(first);
    const counting = asked(first.faults, 'failures');
    counting.heal();
    await liveThrough(first);
    const calls = counting.count();
    holds(calls > 10, `only ${calls} calls were made to the storage`);
    for (const kind of failures)
      for (let from = 0; from < calls; from += AT_ONCE) {
        const lives = range(from, Math.min(from + AT_ONCE, calls) - 1).map(async (call) => {
          const at = await make();
          asked(at.faults, 'failures').fail(call, kind);
          await liveThrough(at, kind).catch((error: unknown) => {
            throw new Error(`with call ${call} of ${calls} ${kind}: ${(error as Error).message}`, { cause: error });
          });
        });
        for (const life of await Promise.allSettled(lives)) if (life.status === 'rejected') throw life.reason;
      }
  });
}
