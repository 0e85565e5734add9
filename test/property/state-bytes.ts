import type { ClassTable } from '../../src/model/class-table.js';
import { StateDecoder } from '../../src/state/snapshot-decoder.js';
import { type Division, StateEncoder } from '../../src/state/snapshot-encoder.js';

/** All chunks of a state that are still to come, as text that compares quickly. */
export function restOf(encoder: StateEncoder): string {
  const chunks: Uint8Array[] = [];
  while (!encoder.done) chunks.push(...encoder.advance(() => false));
  return Buffer.concat(chunks).toString('latin1');
}

/** The bytes of a state in a snapshot. */
export function bytesOf(root: object, classes: ClassTable, division?: Division): string {
  return restOf(new StateEncoder(root, classes, division));
}

/** A state as it comes back from a snapshot. */
export function throughSnapshot(root: object, classes: ClassTable, division?: Division): object {
  const encoder = new StateEncoder(root, classes, division);
  const decoder = new StateDecoder(classes);
  while (!encoder.done) for (const chunk of encoder.advance(() => false)) decoder.chunk(chunk);
  return decoder.finish();
}
