/** A recorded document history, edit by edit: how fast it is applied and opened again, and what it takes, beside CRDT libraries. */
import { strict as assert } from 'node:assert';
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { CONTENDERS } from './document-contenders.js';
import type { StepResult } from './document-child.js';
import { duration, perSecond, printTable, spread } from './harness.js';
import { type Edit, hasTrace, packEdits, readTrace, TRACE_FILE } from './trace.js';

const CHILD = fileURLToPath(new URL('document-child.js', import.meta.url));
const QUICK_EDITS = 20_000;
/** Takes minutes where the others take seconds. */
const SLOW = '@automerge/automerge';
const BASE = 'prevalent, in memory';
const WITHOUT_FILES: ReadonlySet<string> = new Set(['text alone', BASE]);
const BASE_OF_OPENING = 'prevalent, journal only';

interface Results {
  readonly apply: StepResult[];
  readonly reopen: StepResult[];
}

/** Runs everybody, in rounds that take turns. */
export async function benchDocument(quick: boolean): Promise<void> {
  if (!hasTrace()) {
    console.log(`\nThe document benchmark needs the recording ${TRACE_FILE}, which is not there: left out.`);
    return;
  }
  const trace = readTrace();
  const edits = quick ? trace.edits.slice(0, QUICK_EDITS) : trace.edits;
  const expected = createHash('sha256')
    .update(quick ? spliced(edits) : trace.end)
    .digest('hex');
  const results = new Map(Object.keys(CONTENDERS).map((name): [string, Results] => [name, { apply: [], reopen: [] }]));
  const directory = mkdtempSync(join(tmpdir(), 'prevalent-bench-'));
  try {
    const packed = join(directory, 'edits');
    writeFileSync(packed, packEdits(edits));
    for (let round = 0; round < 3; round++) {
      for (const [name, { apply, reopen }] of results) {
        if (name === SLOW && round > 0) continue;
        const home = mkdtempSync(join(directory, 'home-'));
        apply.push(await step(name, packed, home));
        if (!WITHOUT_FILES.has(name)) reopen.push(await step(name, '', home));
        for (const { sha256 } of [...apply, ...reopen])
          assert.equal(sha256, expected, `${name} ends with another text`);
      }
    }
  } finally {
    rmSync(directory, { recursive: true });
  }
  printApply(results, edits.length);
  printReopen(results, edits.length);
}

/** What the edits make of an empty text, the slow and simple way. */
function spliced(edits: readonly Edit[]): string {
  let text = '';
  for (const [position, deleted, inserted] of edits) {
    text = text.slice(0, position) + inserted + text.slice(position + deleted);
  }
  return text;
}

async function step(name: string, edits: string, directory: string): Promise<StepResult> {
  const { stdout } = await promisify(execFile)(process.execPath, [CHILD, name, edits, directory]);
  return JSON.parse(stdout) as StepResult;
}

function printApply(results: ReadonlyMap<string, Results>, count: number): void {
  const base = median(results.get(BASE)!.apply, 'ns');
  const rows = [...results].map(([name, { apply }]) => {
    const ns = median(apply, 'ns');
    return [
      name,
      duration(ns),
      perSecond((count * 1e9) / ns),
      `${(ns / base).toPrecision(3)}x`,
      ...memory(apply),
      megabytes(median(apply, 'bytes')),
    ];
  });
  const head = ['', 'median', 'edits', `to ${BASE}`, 'memory before', 'peak', 'kept'];
  printTable(`${count} recorded edits, each a change of its own (in a folder: durable)`, head, rows);
}

function printReopen(results: ReadonlyMap<string, Results>, count: number): void {
  const base = median(results.get(BASE_OF_OPENING)!.reopen, 'ns');
  const rows = [...results]
    .filter(([, { reopen }]) => reopen.length > 0)
    .map(([name, { reopen }]) => {
      const ns = median(reopen, 'ns');
      return [name, duration(ns), `${(ns / base).toPrecision(3)}x`, ...memory(reopen)];
    });
  const head = ['', 'median', `to ${BASE_OF_OPENING}`, 'memory before', 'peak'];
  printTable(`Opened again after ${count} edits, in a new process, until the text is there`, head, rows);
}

function memory(steps: readonly StepResult[]): string[] {
  return [megabytes(median(steps, 'before')), megabytes(median(steps, 'peak'))];
}

function median(steps: readonly StepResult[], what: 'ns' | 'before' | 'peak' | 'bytes'): number {
  return spread(steps.map((one) => one[what])).median;
}

function megabytes(bytes: number): string {
  return bytes === 0 ? '-' : `${(bytes / 1e6).toPrecision(3)} MB`;
}
