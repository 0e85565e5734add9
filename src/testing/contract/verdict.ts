/** What the contract suite checks with: nothing but the language, so that it runs in a browser as well. */

/** By their text: values of two realms are equal if they say the same. @throws Error that shows both */
export function same(actual: unknown, expected: unknown, what = 'the value'): void {
  const [got, wanted] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (got !== wanted) throw new Error(`${what} is ${cut(got)}, not ${cut(wanted)}`);
}

/** @throws Error that says what is not so */
export function holds(condition: boolean, what: string): void {
  if (!condition) throw new Error(what);
}

/** @throws Error if a promise is not rejected, or not with this code */
export async function rejects(promise: Promise<unknown>, code?: string): Promise<void> {
  let error: unknown;
  try {
    await promise;
  } catch (thrown) {
    error = thrown ?? new Error('rejected with nothing');
  }
  if (error === undefined) throw new Error(`it is not rejected${code === undefined ? '' : ` with ${code}`}`);
  const found = (error as { code?: unknown }).code;
  if (code !== undefined && found !== code)
    throw new Error(`it is rejected with ${String(found)}, not ${code}`, { cause: error });
}

function cut(text: string | undefined): string {
  return text === undefined || text.length < 2_000 ? String(text) : `${text.slice(0, 2_000)}…`;
}
