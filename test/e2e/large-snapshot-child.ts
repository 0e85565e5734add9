/** Fills a model, or opens it again from its snapshot; prints what it took as JSON. */
import 'reflect-metadata';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Master, Prevalent, Transaction } from '../../src/index.js';

class Item {
  constructor(
    readonly id: string,
    readonly text: string,
    readonly amount: number,
    readonly next: Item | undefined,
  ) {}
}

@Prevalent('large', { classes: [Item] })
class Large {
  readonly items = new Map<string, Item>();
  @Transaction() fill(from: number, to: number): void {
    let last: Item | undefined;
    for (let i = from; i < to; i++) {
      const id = `item number ${i}`;
      // Joined, because what `+` and templates make are trees of small strings, which take several times the memory.
      const text = [
        'A text of which each',
        'object has its own,',
        String(i * 7919),
        'and which is so long that all of them together take',
        String(i),
        'times as much',
      ].join(' ');
      last = new Item(id, text, i / 2, last);
      this.items.set(id, last);
    }
  }
}

const [folder = '', what, count] = process.argv.slice(2);
const began = performance.now();
const options = {
  name: 'a',
  store: join(folder, 'shared'),
  local: join(folder, 'local'),
  snapshotEvery: 1e9,
  undoMemory: 1,
};
const master = await Master.open(Large, options);
const opened = performance.now() - began;
let written = 0;
if (what === 'write') {
  for (let from = 0; from < Number(count); from += 10_000) master.model.fill(from, from + 10_000);
  await master.durable();
  const before = performance.now();
  await master.snapshot();
  written = performance.now() - before;
}
// Of every object, and of their order.
let checksum = 0;
master.query(({ items }) => {
  for (const [key, { id, text, amount, next }] of items) {
    for (const part of [key, id, text, String(amount), next?.id ?? ''])
      checksum = (Math.imul(checksum, 31) + part.length * 7 + part.charCodeAt(part.length - 1)) | 0;
  }
});
await master.close();
const snapshots = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) =>
  path.endsWith('.snapshot'),
);
const bytes = Math.max(...snapshots.map((path) => statSync(join(folder, path)).size));
const { maxRSS } = process.resourceUsage();
console.log(
  JSON.stringify({
    checksum,
    bytes,
    openMs: Math.round(opened),
    writeMs: Math.round(written),
    peakMb: Math.round(maxRSS / 1024),
  }),
);
