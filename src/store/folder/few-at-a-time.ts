/** So many files are open at once for reading: a process may have only 256, and there may be more masters. */
export const AT_ONCE = 32;

/** What `work` gives for each of the items, in their order; no more than a few are worked on at a time. */
export async function fewAtATime<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results = new Array<R>(items.length);
  const queue = items.entries();
  const worker = async (): Promise<void> => {
    for (const [index, item] of queue) results[index] = await work(item);
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, items.length) }, worker));
  return results;
}
