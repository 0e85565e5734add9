/**
 * `npm run bench`: everything. `npm run bench -- state` or `-- document`: one of them; `-- state late`: one part of it.
 * `--quick`: small sizes. No result is ever asserted; run it on a quiet machine and believe the ratios.
 */
import { parseArgs } from 'node:util';
import { benchDocument } from './document.js';
import { printMachine } from './harness.js';
import { benchState, STATE_PARTS } from './state.js';

const { values, positionals } = parseArgs({
  options: { quick: { type: 'boolean', default: false } },
  allowPositionals: true,
});
const [which, ...parts] = positionals;
const known = which === undefined || which === 'document' || which === 'state';
if (!known || parts.some((part) => which !== 'state' || !STATE_PARTS.includes(part))) {
  console.error(`npm run bench -- [state [${STATE_PARTS.join(' | ')}]… | document] [--quick]`);
  process.exitCode = 2;
} else {
  printMachine(values.quick);
  if (which !== 'document') await benchState(values.quick, parts);
  if (which !== 'state') await benchDocument(values.quick);
}
