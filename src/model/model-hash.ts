import type { ModelDefinition } from './definition.js';

/** Raised when equal states get other fingerprints than before: those of different numbers are not compared. */
const FINGERPRINTS = 2;

/** A short text that differs when two programs' models differ in names or versions (FNV-1a, 32 bits; for status and alarms only). */
export function modelHash(definition: ModelDefinition): string {
  const transactions = [...definition.transactions].map(([name, { version }]) => `${name}@${version}`).sort();
  const text = JSON.stringify([definition.name, definition.version, transactions, FINGERPRINTS]);
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return (hash >>> 0).toString(16).padStart(8, '0');
}
