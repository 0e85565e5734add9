import { counted } from '../article.js';
import { streamKey } from '../event/event.js';
import { examineAll } from './examination.js';
import { existingStore, type Print } from './folder.js';
import { loadModel } from './model.js';
import { replayProblems } from './replay.js';

export interface VerifyOptions {
  /** `file#Class`: replays everything and compares the snapshots. */
  readonly model?: string;
}

/** Checks everything in a shared folder and changes nothing. Gives how many problems there are. */
export async function verify(folder: string, options: VerifyOptions, print: Print): Promise<number> {
  const store = await existingStore(folder);
  const model = options.model === undefined ? undefined : await loadModel(options.model);
  const found = await examineAll(store);
  for (const { stream, events, snapshots, problems, cut } of found) {
    print(
      `${streamKey(stream)}: ${problems.length === 0 ? 'good' : 'NOT GOOD'}, ${counted(events, 'event')}, ${counted(snapshots.length, 'good snapshot')}`,
    );
    if (cut !== undefined) print(`  ${cut}.`);
    for (const problem of problems) print(`  ${problem}`);
  }
  let count = found.reduce((sum, { problems }) => sum + problems.length, 0);
  if (model !== undefined && count === 0) {
    const problems = await replayProblems(store, model, found, print);
    for (const problem of problems) print(`  ${problem}`);
    count += problems.length;
  } else if (model === undefined && found.some(({ frontier }) => frontier?.snapshot !== undefined))
    print(
      'A snapshot replaces deleted events. To check whether your program can read it, pass --model: a renamed class, for example, makes it useless.',
    );
  else if (model !== undefined) print('Nothing was replayed, because of these problems.');
  print(count === 0 ? 'Everything is as it should be.' : `${counted(count, 'problem')}.`);
  return count;
}
