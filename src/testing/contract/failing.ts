import { Life } from './life.js';
import type { Check, FaultKind, StorePlace } from './place.js';
import { holds } from './verdict.js';

/** What is unreachable is told as that, by whatever call: who reads would else take for gone what is there. */
function expected(error: unknown, kind: FaultKind | undefined): void {
  const { code } = error as { readonly code?: unknown };
  if (kind === 'refused' || (kind !== undefined && code === 'STORE_UNREACHABLE')) return;
  throw new Error(`it fails with ${String(code)}, not STORE_UNREACHABLE: ${(error as Error).message}`, {
    cause: error,
  });
}

/** Once more if it fails: a failure comes once. */
async function twice(work: () => Promise<void>, kind: FaultKind | undefined): Promise<void> {
  try {
    await work();
  } catch (error) {
    expected(error, kind);
    await work();
  }
}

/** Runs a life in which the storage fails once. What is unreachable is tried again; what is refused is left, and a new process goes on. */
async function liveThrough(at: StorePlace, kind?: FaultKind): Promise<void> {
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
    first.faults.heal();
    await liveThrough(first);
    const calls = first.faults.count();
    for (const kind of first.faults.kinds) {
      holds(calls > 10, `only ${calls} calls were made to the storage`);
      for (let call = 0; call < calls; call++) {
        const at = await make();
        at.faults.fail(call, kind);
        try {
          await liveThrough(at, kind);
        } catch (error) {
          throw new Error(`with call ${call} of ${calls} ${kind}: ${(error as Error).message}`, { cause: error });
        }
      }
    }
  });
}
