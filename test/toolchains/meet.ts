import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Master } from 'prevalent';

/** What is asked of a program's model, however it became one. */
interface List {
  add(title: string): unknown;
  /** Titles of those that are still instances of their class. */
  titles(): string;
}

/** Two masters work apart and meet; one of them starts again from its snapshot. Gives what each holds. */
export async function meet<M extends List>(Model: new () => M): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'prevalent-toolchain-'));
  const open = (name: string): Promise<Master<M>> =>
    Master.open(Model, { name, store: join(folder, 'shared'), local: join(folder, name) });
  const titles = (master: Master<M>): string => master.query((list) => list.titles());
  const [a, b] = [await open('a'), await open('b')];
  await a.transact((list) => list.add('milk'));
  await b.transact((list) => list.add('bread'));
  await a.snapshot();
  for (const master of [a, b, a]) await master.sync();
  const found = [titles(a), titles(b)];
  await a.close();
  const again = await open('a');
  found.push(titles(again));
  await again.close();
  await b.close();
  rmSync(folder, { recursive: true });
  return found.join(' = ');
}
