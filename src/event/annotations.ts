import { UncarriableArgumentError } from '../errors.js';
import { type ClassTable, undeclaredClass } from '../model/class-table.js';
import { isAccessor } from './carriable.js';

/** What superjson notes beside a value that is more than JSON, of what we write. Its other notes are never ours. */
const PLAIN_NOTES: ReadonlySet<unknown> = new Set([
  'undefined',
  'bigint',
  'Date',
  'number',
  'regexp',
  'set',
  'map',
  'URL',
]);

/**
 * Checks what superjson's notes would make of recorded arguments, before anything is made: only what our own encoding writes, and
 * only of values that are there. So a few bytes never become a large array, and no setter runs.
 *
 * @throws UncarriableArgumentError (`UNCARRIABLE_ARGUMENT`)
 */
export function checkAnnotations(json: unknown, meta: unknown, classes: ClassTable): void {
  if (meta === undefined) return;
  const { values, referentialEqualities, v } = recordOf(meta);
  if (v !== 1) refuse('the notes are of an unknown version');
  if (values !== undefined) checkTree(values, json, classes);
  if (referentialEqualities === undefined) return;
  for (const [path, others] of Object.entries(recordOf(referentialEqualities))) {
    follow(json, path);
    if (!Array.isArray(others)) refuse('a note names no places');
    for (const other of others) follow(json, textOf(other));
  }
}

function checkTree(tree: unknown, value: unknown, classes: ClassTable): void {
  let inner = tree;
  if (Array.isArray(tree)) {
    checkNote(tree[0], value, classes);
    inner = tree[1] ?? {};
  }
  for (const [path, one] of Object.entries(recordOf(inner))) checkTree(one, follow(value, path), classes);
}

function checkNote(note: unknown, value: unknown, classes: ClassTable): void {
  if (PLAIN_NOTES.has(note)) return;
  const [kind, name] = Array.isArray(note) ? (note as unknown[]) : [];
  if (kind === 'custom') return;
  if (kind !== 'class') refuse(`the note ${JSON.stringify(note)} is not known here`);
  const type = classes.get(textOf(name));
  if (type === undefined) throw new UncarriableArgumentError(`They hold ${undeclaredClass(textOf(name))}.`);
  const prototype = type.prototype as object;
  for (const key of Object.keys(recordOf(value)))
    if (key in prototype && isAccessor(key, prototype)) refuse(`${key} is no field of ${textOf(name)}`);
}

/** The value at a path as superjson writes it: parts joined by dots, with `\.` and `\\` in them. */
function follow(value: unknown, path: string): unknown {
  let at = value;
  for (const part of partsOf(path)) {
    const inside = Array.isArray(at) ? isIndex(part, at.length) : typeof at === 'object' && at !== null && part in at;
    if (!inside || !Object.prototype.hasOwnProperty.call(at, part))
      refuse('a note is about something that is not there');
    at = (at as Record<string, unknown>)[part];
  }
  return at;
}

function partsOf(path: string): string[] {
  const parts: string[] = [];
  let part = '';
  for (let i = 0; i < path.length; i++) {
    const char = path.charAt(i);
    if (char === '.') {
      parts.push(part);
      part = '';
    } else part += char === '\\' ? path.charAt(++i) : char;
  }
  return [...parts, part];
}

function isIndex(part: string, length: number): boolean {
  return /^(0|[1-9]\d*)$/.test(part) && Number(part) < length;
}

function recordOf(value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) refuse('the notes are not in order');
  return value as Record<string, unknown>;
}

function textOf(value: unknown): string {
  if (typeof value !== 'string') refuse('the notes are not in order');
  return value;
}

function refuse(why: string): never {
  throw new UncarriableArgumentError(
    `They cannot be read: ${why}. No program of this version wrote them; if a newer one did, upgrade this program.`,
  );
}
