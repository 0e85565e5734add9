import jsTokens from 'js-tokens';
import type { ModelDefinition } from './definition.js';

/**
 * What is to be told of a state that lacks fields which its model has gained, if transactions of the model use them: what these wrote before is
 * not in it, and in the state of whoever replays everything it is. `undefined` if none does.
 *
 * @param gained names of the fields
 */
export function lackingFields(definition: ModelDefinition, gained: readonly string[]): string | undefined {
  const users = gained.length === 0 ? new Map<string, ReadonlySet<string>>() : namesUsed(definition);
  const found = gained.flatMap((field) => {
    const names = [...users].filter(([, used]) => used.has(field)).map(([name]) => name);
    return names.length === 0 ? [] : [`${field} (used by ${names.join(', ')})`];
  });
  if (found.length === 0) return undefined;
  return (
    `was written before the model had the field ${found.join(' and ')}. What earlier calls of these would have written to it is not there, but is on masters that replay these calls: the states differ. ` +
    'Declare what follows from the rest of the state as derived: @Derived() get …(); for everything else raise the version of the model and fill the field in "migrate".'
  );
}

/** The names that stand in the code of each transaction, and of the methods it may call. */
function namesUsed(definition: ModelDefinition): Map<string, ReadonlySet<string>> {
  const own = methodsOf(definition.model.prototype as object, definition);
  const used = new Map<string, ReadonlySet<string>>();
  for (const { name, method } of definition.transactions.values()) {
    const names = new Set(namesIn(method));
    // The set grows while it is walked: a method that is named may name further ones.
    for (const one of names) for (const further of own.get(one) ?? []) names.add(further);
    used.set(name, names);
  }
  return used;
}

/** The names in the code of each method of a class. */
function methodsOf(model: object, { transactions }: ModelDefinition): Map<string, readonly string[]> {
  const found = new Map<string, readonly string[]>();
  const bare = new Map([...transactions.values()].map(({ property, method }) => [property, method]));
  for (
    let at: object | null = model;
    at !== null && at !== Object.prototype;
    at = Object.getPrototypeOf(at) as object | null
  )
    for (const key of Object.getOwnPropertyNames(at)) {
      const own: unknown[] = Object.values(Object.getOwnPropertyDescriptor(at, key) ?? {});
      const method = bare.get(key);
      const parts = (method === undefined ? own : [method]).filter((part) => typeof part === 'function');
      if (key !== 'constructor' && !found.has(key)) found.set(key, parts.flatMap(namesIn));
    }
  return found;
}

function namesIn(code: unknown): string[] {
  const names: string[] = [];
  for (const { type, value } of jsTokens(Function.prototype.toString.call(code))) {
    if (type === 'IdentifierName') names.push(value);
    // As in `this['byTag']`.
    else if (type === 'StringLiteral') names.push(value.slice(1, -1));
  }
  return names;
}
