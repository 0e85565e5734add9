/** One step of one contender in a process of its own, so that peaks of memory do not mix. Prints one line of JSON. */
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { CONTENDERS } from './document-contenders.js';
import { collectGarbage } from './harness.js';
import { unpackEdits } from './trace.js';

/** What one step took. */
export interface StepResult {
  readonly ns: number;
  /** Resident bytes before it, with code and edits loaded, and the most that were resident during it. */
  readonly before: number;
  readonly peak: number;
  /** Of the text at its end. */
  readonly sha256: string;
  /** What was kept; 0 if this contender keeps nothing. */
  readonly bytes: number;
}

const [name = '', edits = '', directory = ''] = process.argv.slice(2);
const contender = await CONTENDERS[name]!();
// No edits: what is there is opened again.
const packed = edits === '' ? undefined : readFileSync(edits);
collectGarbage();
forgetPeak();
const before = process.memoryUsage.rss();
const began = process.hrtime.bigint();
const document = packed === undefined ? await contender.reopen!(directory) : await contender.create(directory);
if (packed !== undefined) await document.apply(unpackEdits(packed));
const text = document.text();
const ns = Number(process.hrtime.bigint() - began);
const peak = peakMemory();
const sha256 = createHash('sha256').update(text).digest('hex');
const result: StepResult = { ns, before, peak, sha256, bytes: await document.close() };
console.log(JSON.stringify(result));

/** Linux forgets the peak on request; elsewhere it includes the loading of code and edits. */
function forgetPeak(): void {
  if (process.platform === 'linux') writeFileSync('/proc/self/clear_refs', '5');
}

function peakMemory(): number {
  if (process.platform !== 'linux') return process.resourceUsage().maxRSS * 1024;
  const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'));
  return Number(kilobytes?.[1]) * 1024;
}
