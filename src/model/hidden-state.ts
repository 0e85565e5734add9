import { type ClassSource, constructorOf, isClass, sourcesOf, type Token } from './class-source.js';

/**
 * Classes of the engine whose instances keep nothing that cannot be seen, or what they keep can be recorded and carried. Known by
 * name: another realm (a vm context, a frame) has its own.
 */
const OPEN =
  /^(Object|Array|Map|Set|Date|RegExp|(Aggregate|Eval|Range|Reference|Syntax|Type|URI)?Error|TypedArray|((Ui|I)nt(8|16|32)|Uint8Clamped|Big(Ui|I)nt64|Float(16|32|64))Array|Buffer|DataView)$/;

/** What objects call themselves that keep their data in a WeakMap of their module, as polyfills of these do. */
const POLYFILLS = /^(Temporal|Intl)\./;

/** Helpers of esbuild, swc and Babel that give a new instance a private member. */
const ADDS_PRIVATE = /^_*(privateAdd|class_?private_?(field|method)_?init(_?spec)?)$/i;

const LISTENERS = ['addListener', 'addEventListener'];

const MODIFIERS = new Set(['get', 'set', 'async', 'accessor', '*']);

/** Where objects of a class keep data that no Proxy, undo log or snapshot can reach. */
export interface HiddenState {
  /** Words that follow the name of the class: `has the private member #cents`. */
  readonly what: string;
  /** The private member's name without its `#`, if it has one. */
  readonly member: string | undefined;
  /** What to do instead, if it is not the usual. */
  readonly remedy?: string;
}

/**
 * Looks for hidden state in a prototype chain: private members, native or as compilers lower them; internal slots of the engine's
 * own classes; a module's `WeakMap` that the constructor puts `this` into. Not found is a `WeakMap` that is filled by a function the
 * constructor calls.
 *
 * @returns `undefined` if there is none
 */
export function hiddenStateOf(prototype: object): HiddenState | undefined {
  const tag = tagOf(prototype);
  if (POLYFILLS.test(tag)) return { what: `keeps its data where only ${tag} reaches it`, member: undefined };
  const sources = sourcesOf(prototype);
  for (const [i, source] of sources.entries()) {
    const found = hiddenIn(source);
    if (found === undefined) continue;
    const base = source.name === '' ? 'a class without a name' : source.name;
    return i === 0 ? found : { ...found, what: `extends ${base}, which ${found.what}` };
  }
  return undefined;
}

/** What to do about a class with hidden state: change it, or leave it alone and have its objects carried as what `encode` gives. */
export function hiddenRemedy(name: string, { member, remedy }: HiddenState): string {
  if (remedy !== undefined) return remedy;
  // As a person would: url for URL, plainDate for PlainDate.
  const key = name.replace(/^[A-Z]+(?![a-z])|^[A-Z]/, (start) => start.toLowerCase());
  const value = `values: { ${key}: { class: ${name}, encode: (one) => …, decode: (data) => … } }`;
  return member === undefined
    ? `Store what you need of it as plain data; or, if it can be made again from that, let its objects be values: @Prevalent("…", { ${value} }).`
    : `Use TypeScript's "private ${member}" instead. If the class is not yours, let its objects be values: @Prevalent("…", { ${value} }).`;
}

function tagOf(prototype: object): string {
  for (let proto: object | null = prototype; proto !== null; proto = Object.getPrototypeOf(proto) as object | null) {
    const tag: unknown = Object.getOwnPropertyDescriptor(proto, Symbol.toStringTag)?.value;
    if (typeof tag === 'string') return tag;
  }
  return '';
}

function hiddenIn(source: ClassSource): HiddenState | undefined {
  const { isNative, isPlatform, name } = source;
  if (/^Event(Emitter|Target)/.test(name) && LISTENERS.some((method) => source.methods.includes(method)))
    return {
      what: 'keeps a list of listeners, which are functions',
      member: undefined,
      remedy: "Leave that class out of the model; listen with master.on('event', …) or master.subscribe(…).",
    };
  // What `bind` or a Proxy made has no name in its text; what it stands for is not known.
  if (isNative) {
    if (name === '' || OPEN.test(name)) return undefined;
    return { what: 'keeps its data in internal slots of the engine', member: undefined };
  }
  if (isPlatform && !OPEN.test(name))
    return { what: 'keeps its data where only the platform reaches it', member: undefined };
  const member = privateMember(source);
  if (member !== undefined) return { what: `has the private member #${member}`, member };
  const lowered = loweredMember(source);
  if (lowered !== undefined) return { what: `has the private member #${lowered}, as compiled`, member: lowered };
  const map = outsideMap(source);
  if (map === undefined) return undefined;
  const byTypeScript = /^_[^_].*_([^_]+)$/.exec(map)?.[1];
  if (byTypeScript !== undefined)
    return { what: `has the private member #${byTypeScript}, as compiled`, member: byTypeScript };
  return { what: `keeps data about its instances in ${map}, outside of them`, member: undefined };
}

/** The first private member of an instance that the class declares. */
function privateMember(source: ClassSource): string | undefined {
  if (!isClass(source)) return undefined;
  const { tokens } = source;
  for (const [i, { type, value, depth }] of tokens.entries()) {
    if (type !== 'PrivateIdentifier' || depth !== 1 || isAccess(tokens, i)) continue;
    let before = i - 1;
    while (MODIFIERS.has(tokens[before]?.value ?? '')) before--;
    if (tokens[before]?.value !== 'static') return value.slice(1);
  }
  return undefined;
}

/** In `a.#x`, `a?.#x` and `#x in a` a member is used, in the value of a field. */
function isAccess(tokens: readonly Token[], i: number): boolean {
  return /^\??\.$/.test(tokens[i - 1]?.value ?? '') || tokens[i + 1]?.value === 'in';
}

/** `__privateAdd(this, _cents, 0)` and the like. */
function loweredMember(source: ClassSource): string | undefined {
  const tokens = constructorOf(source);
  for (const [i, { type, value }] of tokens.entries()) {
    if (type !== 'IdentifierName' || !ADDS_PRIVATE.test(value)) continue;
    // Helpers of a package are called as `helper._(…)` or `helper.default(…)`.
    const open = tokens[i + 1]?.value === '.' ? i + 3 : i + 1;
    if (tokens[open]?.value !== '(' || tokens[open + 1]?.value !== 'this') continue;
    return (tokens[open + 3]?.value ?? '').replace(/^_+/, '');
  }
  return undefined;
}

/** Name of a variable from outside of the class that its constructor puts `this` into: `cents.set(this, 0)`, `made.add(this)`. */
function outsideMap(source: ClassSource): string | undefined {
  const tokens = constructorOf(source);
  const bound = boundIn(tokens);
  for (const [i, { type, value }] of tokens.entries()) {
    if (type !== 'IdentifierName' || bound.has(value) || /^\??\.$/.test(tokens[i - 1]?.value ?? '')) continue;
    const method = tokens[i + 2]?.value;
    const [dot, open, self] = [tokens[i + 1], tokens[i + 3], tokens[i + 4]].map((token) => token?.value);
    if (dot !== '.' || open !== '(' || self !== 'this' || (method !== 'set' && method !== 'add')) continue;
    if (argumentsFrom(tokens, i + 3) === (method === 'set' ? 2 : 1)) return value;
  }
  return undefined;
}

/** How many arguments the call has whose bracket is at `open`. */
function argumentsFrom(tokens: readonly Token[], open: number): number {
  const depth = (tokens[open] as Token).depth;
  let count = 1;
  for (let i = open + 1; i < tokens.length && (tokens[i] as Token).depth > depth; i++)
    if ((tokens[i] as Token).depth === depth + 1 && tokens[i]?.value === ',' && tokens[i + 1]?.value !== ')') count++;
  return count;
}

/** Names that parameters and variables of a constructor may have; rather too many than too few. */
function boundIn(tokens: readonly Token[]): ReadonlySet<string> {
  const bound = new Set(['this', 'super', 'Reflect']);
  const body = tokens.findIndex(({ value }, i) => value === '{' && tokens[i - 1]?.value === ')');
  const add = (from: number, until: (token: Token) => boolean): void => {
    for (let i = from; i < tokens.length && !until(tokens[i] as Token); i++)
      if (tokens[i]?.type === 'IdentifierName') bound.add((tokens[i] as Token).value);
  };
  add(0, (token) => token === tokens[body]);
  for (const [i, { value }] of tokens.entries())
    if (/^(const|let|var|function|class)$/.test(value)) add(i + 1, (token) => /^(=|;|of|in|\()$/.test(token.value));
  return bound;
}
