import jsTokens from 'js-tokens';
import { isSurelyPlatformClass } from './platform-class.js';

/** A piece of code that says something: no space, no comment. */
export interface Token {
  readonly type: string;
  readonly value: string;
  /** How many brackets are open around it; the first brace of a class stands at 0. */
  readonly depth: number;
  /** Line of the class's code; it begins with 1. */
  readonly line: number;
}

/** The code of one class of a chain. */
export interface ClassSource {
  /** The class's name; empty if it has none. */
  readonly name: string;
  /** The code is the engine's own, so that nobody can read it. */
  readonly isNative: boolean;
  /** The class is the platform's, whether or not its code can be read. */
  readonly isPlatform: boolean;
  /** Names of the methods and accessors of its instances. */
  readonly methods: readonly string[];
  /** Tokens of the class, or of a constructor function alone. */
  readonly tokens: readonly Token[];
}

const SILENT = new Set(['WhiteSpace', 'LineTerminatorSequence', 'SingleLineComment', 'MultiLineComment']);

/** Code by function: classes of many models, and of many masters of one, have the same bases. */
const known = new WeakMap<object, ClassSource>();

/** The classes of a prototype chain, its own first, up to `Object`, unnamed ones too. */
export function sourcesOf(prototype: object): ClassSource[] {
  const sources: ClassSource[] = [];
  for (
    let proto: object | null = prototype;
    proto !== null && proto !== Object.prototype;
    proto = Object.getPrototypeOf(proto) as object | null
  ) {
    const constructor: unknown = Object.getOwnPropertyDescriptor(proto, 'constructor')?.value;
    if (typeof constructor === 'function') sources.push(sourceOf(constructor, proto));
  }
  return sources;
}

function sourceOf(constructor: object, proto: object): ClassSource {
  let source = known.get(constructor);
  if (source === undefined) {
    const text = Function.prototype.toString.call(constructor);
    const isNative = /\{\s*\[native code\]\s*\}\s*$/.test(text);
    source = {
      name: nameOf(constructor),
      isNative,
      isPlatform: isSurelyPlatformClass(constructor as { name: string }),
      methods: Object.getOwnPropertyNames(proto),
      tokens: isNative ? [] : tokensOf(text),
    };
    known.set(constructor, source);
  }
  return source;
}

/** The name a class was given; a static member of that name is none. */
export function nameOf(constructor: object): string {
  const name: unknown = Object.getOwnPropertyDescriptor(constructor, 'name')?.value;
  return typeof name === 'string' ? name : '';
}

function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  let depth = 0;
  let line = 1;
  for (const { type, value } of jsTokens(text)) {
    const at = line;
    line += value.split('\n').length - 1;
    if (SILENT.has(type)) continue;
    const closes =
      type === 'TemplateMiddle' || type === 'TemplateTail' || (type === 'Punctuator' && /^[)\]}]$/.test(value));
    const opens =
      type === 'TemplateHead' || type === 'TemplateMiddle' || (type === 'Punctuator' && /^[([{]$/.test(value));
    if (closes) depth--;
    tokens.push({ type, value, depth, line: at });
    if (opens) depth++;
  }
  return tokens;
}

/** Tells whether the code is that of a class, rather than of a constructor function. */
export function isClass({ tokens }: ClassSource): boolean {
  return tokens.some(({ value, depth }) => value === 'class' && depth === 0);
}

/** The constructor's parameters and body: what runs on every new instance, apart from the values of fields. */
export function constructorOf(source: ClassSource): readonly Token[] {
  const { tokens } = source;
  if (!isClass(source)) return tokens;
  const at = tokens.findIndex(
    ({ value, depth }, i) =>
      value === 'constructor' && depth === 1 && tokens[i + 1]?.value === '(' && tokens[i - 1]?.value !== 'static',
  );
  if (at < 0) return [];
  const end = tokens.findIndex(({ value, depth }, i) => i > at && value === '}' && depth === 1);
  return tokens.slice(at, end + 1);
}
