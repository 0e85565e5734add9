import { constructorOf, isClass, sourcesOf, type Token } from './class-source.js';

/** What the code of a class and of its bases says about fields. */
export interface FieldNames {
  /** Fields that new instances get; `undefined` where the code may make fields by any name. */
  readonly declared: ReadonlySet<string> | undefined;
  /** All names and texts in the code: a field that is none of them is nobody's in it. */
  readonly mentioned: ReadonlySet<string>;
}

const known = new WeakMap<object, FieldNames>();

/** The fields of instances with this prototype, as far as the code tells. */
function fieldNamesOf(prototype: object): FieldNames {
  let names = known.get(prototype);
  if (names === undefined) {
    names = read(prototype);
    known.set(prototype, names);
  }
  return names;
}

function read(prototype: object): FieldNames {
  const declared = new Set<string>();
  const mentioned = new Set<string>();
  let isOpen = false;
  for (const source of sourcesOf(prototype)) {
    const { tokens, isNative } = source;
    isOpen ||= isNative;
    for (const { type, value } of tokens) {
      if (type === 'IdentifierName') mentioned.add(value);
      else if (type === 'StringLiteral') mentioned.add(value.slice(1, -1));
    }
    if (isClass(source)) for (const name of fieldsIn(tokens)) declared.add(name);
    const assigned = assignedIn(constructorOf(source));
    if (assigned === undefined) isOpen = true;
    else for (const name of assigned) declared.add(name);
  }
  return { declared: isOpen ? undefined : declared, mentioned };
}

/** `name = value;` and `name;` in the body of a class, apart from static ones. */
function fieldsIn(tokens: readonly Token[]): string[] {
  return tokens.flatMap(({ type, value, depth }, i) =>
    type === 'IdentifierName' &&
    depth === 1 &&
    /^[;{}]$/.test(tokens[i - 1]?.value ?? '') &&
    /^[=;}]$/.test(tokens[i + 1]?.value ?? '')
      ? [value]
      : [],
  );
}

/** `this.name = value`; `undefined` if `this` is handed on, to what may give it any field. */
function assignedIn(tokens: readonly Token[]): string[] | undefined {
  const names: string[] = [];
  for (const [i, { type, value }] of tokens.entries()) {
    if (type !== 'IdentifierName' || value !== 'this') continue;
    if (tokens[i + 1]?.value !== '.') return undefined;
    if (tokens[i + 3]?.value === '=') names.push(tokens[i + 2]?.value ?? '');
  }
  return names;
}

/**
 * Tells whether recorded instances are not of the class that now has their name. Classes gain and lose fields, so it is told only if
 * they have nothing in common, or if another class is exactly what was recorded.
 *
 * @param others prototypes of the other classes whose names may have changed places
 */
export function isMisfit(fields: readonly string[], prototype: object, others: Iterable<object>): boolean {
  const { declared, mentioned } = fieldNamesOf(prototype);
  if (declared === undefined || declared.size === 0 || fields.length === 0) return false;
  if (fields.every((field) => mentioned.has(field))) return false;
  if (!fields.some((field) => mentioned.has(field))) return true;
  const recorded = new Set(fields);
  if ([...declared].every((field) => recorded.has(field))) return false;
  for (const other of others) {
    const names = fieldNamesOf(other);
    if (other === prototype || names.declared === undefined || names.declared.size !== recorded.size) continue;
    if (fields.every((field) => names.declared?.has(field))) return true;
  }
  return false;
}
