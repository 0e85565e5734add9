/**
 * `npm run bench`: everything. `npm run bench -- state`, `-- snapshot`, `-- document`, `-- durability`, `-- sync` or `-- stores`: one of them; `-- state late`: one part of it.
 * `--quick`: small sizes. No result is ever asserted; run it on a quiet machine and believe the ratios.
 */
import { parseArgs } from 'node:util';
import { benchDocument } from './document.js';
import { benchDurability, DURABILITY_PARTS } from './durability.js';
import { printMachine } from './harness.js';
import { benchSnapshot, SNAPSHOT_PARTS } from './snapshot.js';
import { benchState, STATE_PARTS } from './state.js';
import { benchStores, STORE_PARTS } from './stores.js';
import { benchSync, SYNC_PARTS } from './sync.js';

const { values, positionals } = parseArgs({
  options: { quick: { type: 'boolean', default: false } },
  allowPositionals: true,
});
const [which, ...parts] = positionals;
const suites = [
  { name: 'state', run: benchState, parts: STATE_PARTS },
  { name: 'snapshot', run: benchSnapshot, parts: SNAPSHOT_PARTS },
  { name: 'document', run: benchDocument, parts: [] },
  { name: 'durability', run: benchDurability, parts: DURABILITY_PARTS },
  { name: 'sync', run: benchSync, parts: SYNC_PARTS },
  { name: 'stores', run: benchStores, parts: STORE_PARTS },
];
const chosen = suites.filter(({ name }) => which === undefined || which === name);
if (chosen.length === 0 || parts.some((part) => !chosen[0]!.parts.includes(part))) {
  const usage = suites.map((suite) =>
    suite.parts.length === 0 ? suite.name : `${suite.name} [${suite.parts.join(' | ')}]…`,
  );
  console.error(`npm run bench -- [${usage.join(' | ')}] [--quick]`);
  process.exitCode = 2;
} else {
  printMachine(values.quick);
  for (const { run } of chosen) await run(values.quick, parts);
}
