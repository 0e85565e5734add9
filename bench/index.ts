/**
 * `npm run bench`: everything. `npm run bench -- state`, `-- snapshot` or `-- document`: one of them; `-- state late`: one part of it.
 * `--quick`: small sizes. No result is ever asserted; run it on a quiet machine and believe the ratios.
 */
import { parseArgs } from 'node:util';
import { benchDocument } from './document.js';
import { printMachine } from './harness.js';
import { benchSnapshot, SNAPSHOT_PARTS } from './snapshot.js';
import { benchState, STATE_PARTS } from './state.js';

const { values, positionals } = parseArgs({
  options: { quick: { type: 'boolean', default: false } },
  allowPositionals: true,
});
const PARTS: Record<string, readonly string[]> = { state: STATE_PARTS, snapshot: SNAPSHOT_PARTS, document: [] };

const [which, ...parts] = positionals;
const known = which === undefined || which in PARTS;
if (!known || parts.some((part) => PARTS[which!]?.includes(part) !== true)) {
  const choices = Object.entries(PARTS).map(([name, of]) => (of.length === 0 ? name : `${name} [${of.join(' | ')}]…`));
  console.error(`npm run bench -- [${choices.join(' | ')}] [--quick]`);
  process.exitCode = 2;
} else {
  const wants = (name: string): boolean => which === undefined || which === name;
  printMachine(values.quick);
  if (wants('state')) await benchState(values.quick, parts);
  if (wants('snapshot')) await benchSnapshot(values.quick, parts);
  if (wants('document')) await benchDocument(values.quick);
}
