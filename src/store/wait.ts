// As it is before a transaction has it replaced.
const { setTimeout } = globalThis;

/** Waits so many ms, for stores whose time is everybody's. */
export function wait(ms: number): Promise<void> {
  return new Promise((resolve) => void setTimeout(resolve, ms));
}
