/**
 * How large the parts of the sync core are, and what each takes: `npm run counts` prints it, architecture.test.ts holds the line.
 * `npm run counts -- COMMIT` prints it of an earlier commit.
 */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import type { Tree } from './architecture-rules.js';

/** One class and what it works with. */
export interface ClassCount {
  readonly path: string;
  readonly name: string;
  /** Parameters of its constructor. */
  readonly parameters: number;
  /** Other classes of these layers, and ports of the store, that it keeps. */
  readonly collaborators: readonly string[];
  /** Those that it reaches through one that it keeps: `this.#act.known`. */
  readonly reached: readonly string[];
}

export interface LayerCount {
  readonly layer: string;
  readonly files: number;
  readonly lines: number;
  /** Of those, lines of files that only decide: no class, nothing awaited or thrown, no clock, no variable that is kept. */
  readonly pure: number;
  readonly longest: string;
}

export interface Counts {
  readonly layers: readonly LayerCount[];
  readonly classes: readonly ClassCount[];
  /** Places that set which streams end, and where. */
  readonly cutWriters: readonly string[];
  /** Callbacks that lead upwards, to a part that is put together later. */
  readonly wiringCallbacks: readonly string[];
  /** Callbacks of a class to itself, which it hands to what it works with. */
  readonly listeners: readonly string[];
}

/** The layers that are counted. */
const LAYERS = ['protocol', 'replica', 'sync'];
/** What a class may keep of the ports beside classes of its own layers. */
const PORTS = ['Store', 'Journal', 'GroupCommit', 'Timeline', 'Executor', 'CallFactory'];

export function countsOf(tree: Tree): Counts {
  const sources = [...tree].filter(([path]) => LAYERS.includes(path.split('/')[0]!));
  const parsed = sources.map(
    ([path, text]) => [path, ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true)] as const,
  );
  const classes = parsed.flatMap(([path, source]) =>
    nodesOf(source, ts.isClassDeclaration).map((of) => [path, of] as const),
  );
  const names = new Set([...PORTS, ...classes.map(([, { name }]) => name?.text ?? '')]);
  return {
    layers: LAYERS.map((layer) => layerOf(layer, sources)),
    classes: withReached(classes, names),
    cutWriters: parsed.flatMap(([path, source]) => cutWritersIn(path, source)),
    wiringCallbacks: parsed.flatMap(([path, source]) => (path === 'sync/assemble.ts' ? upwardIn(source) : [])),
    listeners: parsed.flatMap(([path, source]) => listenersIn(path, source)),
  };
}

function layerOf(layer: string, sources: readonly (readonly [string, string])[]): LayerCount {
  const mine = sources.filter(([path]) => path.startsWith(`${layer}/`));
  const lengths = mine.map(([path, text]) => [path, text.split('\n').length - 1] as const);
  const [path, length] = [...lengths].sort(([, left], [, right]) => right - left)[0] ?? ['', 0];
  const lines = lengths.reduce((sum, [, count]) => sum + count, 0);
  const pure = mine
    .filter(([path, text]) => isPure(path, text))
    .reduce((sum, [, text]) => sum + text.split('\n').length - 1, 0);
  return { layer, files: mine.length, lines, pure, longest: `${path} (${length})` };
}

type Declared = readonly (readonly [path: string, of: ts.ClassDeclaration])[];

function withReached(classes: Declared, names: ReadonlySet<string>): ClassCount[] {
  const members = new Map(classes.map(([, of]) => [of.name?.text ?? '', membersOf(of, names)]));
  return classes.map(([path, of]) => {
    const kept = membersOf(of, names);
    const reached = nodesOf(of, ts.isPropertyAccessExpression).flatMap(({ expression, name }) => {
      if (!ts.isPropertyAccessExpression(expression)) return [];
      if (expression.expression.kind !== ts.SyntaxKind.ThisKeyword) return [];
      return members.get(kept.get(expression.name.text) ?? '')?.get(name.text) ?? [];
    });
    return { ...classOf(path, of, names), reached: [...new Set(reached)] };
  });
}

/** Of the fields and getters of a class, those that are other classes or ports. */
function membersOf(of: ts.ClassDeclaration, names: ReadonlySet<string>): Map<string, string> {
  const fields = [...of.members.filter(ts.isPropertyDeclaration), ...of.members.filter(ts.isGetAccessorDeclaration)];
  return new Map(
    fields.flatMap(({ name, type }) => {
      const typed = type?.getText() ?? '';
      return names.has(typed) ? [[name.getText(), typed] as const] : [];
    }),
  );
}

function classOf(path: string, of: ts.ClassDeclaration, names: ReadonlySet<string>): Omit<ClassCount, 'reached'> {
  const constructed = of.members.find(ts.isConstructorDeclaration);
  const kept = of.members
    .filter(ts.isPropertyDeclaration)
    .flatMap(({ type, initializer }) => [
      ...(type === undefined ? [] : nodesOf(type, ts.isTypeReferenceNode).map(({ typeName }) => typeName.getText())),
      ...(initializer !== undefined && ts.isNewExpression(initializer) ? [initializer.expression.getText()] : []),
    ]);
  const name = of.name?.text ?? '';
  const collaborators = [...new Set(kept)].filter((other) => names.has(other) && other !== name);
  return { path, name, parameters: constructed?.parameters.length ?? 0, collaborators };
}

/** Assignments to a field that holds the ends of streams, and changes of what it holds, but for its first value. */
function cutWritersIn(path: string, source: ts.SourceFile): string[] {
  const isCut = (node: ts.Node): boolean =>
    ts.isPropertyAccessExpression(node) && ['#cut', '#ended'].includes(node.name.text);
  const assignments = nodesOf(source, ts.isBinaryExpression).filter(
    ({ left, operatorToken }) => operatorToken.kind === ts.SyntaxKind.EqualsToken && isCut(left),
  );
  const changes = nodesOf(source, ts.isCallExpression).filter(
    ({ expression }) =>
      ts.isPropertyAccessExpression(expression) &&
      ['set', 'delete', 'clear'].includes(expression.name.text) &&
      isCut(expression.expression),
  );
  return [...assignments, ...changes].map(({ pos }) => `${path}:${source.getLineAndCharacterOfPosition(pos).line + 2}`);
}

/** Functions that are handed to a part and call one that is made after that part. What is a parameter was made before all of them. */
function upwardIn(source: ts.SourceFile): string[] {
  const made = new Map(nodesOf(source, ts.isVariableDeclaration).map((of) => [of.name.getText(), of.pos]));
  return nodesOf(source, ts.isArrowFunction)
    .filter((callback) => {
      const receiver = made.get(receiverOf(callback)) ?? 0;
      return nodesOf(callback, ts.isIdentifier).some(({ text }) => (made.get(text) ?? 0) > receiver);
    })
    .map(nameOf);
}

/** Functions that a class hands to what it makes, keeps or is given, and that come back to it. */
function listenersIn(path: string, source: ts.SourceFile): string[] {
  return nodesOf(source, ts.isArrowFunction)
    .filter(({ parent }) => ts.isPropertyAssignment(parent) && !ts.isVariableDeclaration(parent.parent.parent))
    .filter(
      (callback) => nodesOf(callback, (node): node is ts.Node => node.kind === ts.SyntaxKind.ThisKeyword).length > 0,
    )
    .map((callback) => `${path}: ${nameOf(callback)}`);
}

/** The variable that gets what is made with a function; or on which a method is called with it. */
function receiverOf(callback: ts.ArrowFunction): string {
  let node: ts.Node = callback.parent;
  while (!ts.isNewExpression(node) && !ts.isCallExpression(node) && !ts.isSourceFile(node)) node = node.parent;
  if (ts.isCallExpression(node)) return nodesOf(node.expression, ts.isIdentifier)[0]?.text ?? '';
  while (!ts.isVariableDeclaration(node) && !ts.isSourceFile(node)) node = node.parent;
  return ts.isVariableDeclaration(node) ? node.name.getText() : '';
}

function nameOf({ parent }: ts.ArrowFunction): string {
  return ts.isPropertyAssignment(parent) ? parent.name.getText() : parent.getText();
}

function nodesOf<T extends ts.Node>(root: ts.Node, is: (node: ts.Node) => node is T): T[] {
  const found: T[] = [];
  const visit = (node: ts.Node): void => {
    if (is(node)) found.push(node);
    ts.forEachChild(node, visit);
  };
  visit(root);
  return found;
}

/** What makes a function of protocol/ more than a function of what it is given. */
export function impurities(tree: Tree): string[] {
  return [...tree].flatMap(([path, text]) => {
    if (!path.startsWith('protocol/')) return [];
    const isOpened = /\n \*\n \* Invariants?: /.test(ruleOf(text));
    return [...effectsIn(path, text), ...(isOpened ? [] : [`${path}: does not open with its rule and its invariants`])];
  });
}

/** Whether all that a file has are functions of what they are given. */
function isPure(path: string, text: string): boolean {
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  const functions = nodesOf(source, ts.isFunctionDeclaration);
  return (
    functions.length > 0 && nodesOf(source, ts.isClassDeclaration).length === 0 && effectsIn(path, text).length === 0
  );
}

function effectsIn(path: string, text: string): string[] {
  const problems: string[] = [];
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  const note = (node: ts.Node, what: string): void => {
    problems.push(`${path}:${source.getLineAndCharacterOfPosition(node.getStart()).line + 1}: ${what}`);
  };
  for (const node of nodesOf(source, ts.isAwaitExpression)) note(node, 'awaits');
  for (const node of nodesOf(source, ts.isThrowStatement)) note(node, 'throws');
  for (const node of nodesOf(source, ts.isIdentifier))
    if (['Date', 'Math', 'performance', 'crypto', 'process', 'console', 'setTimeout', 'globalThis'].includes(node.text))
      if (!isHarmless(node)) note(node, `uses ${node.getText()}`);
  for (const node of source.statements)
    if (ts.isVariableStatement(node) && (node.declarationList.flags & ts.NodeFlags.Const) === 0)
      note(node, 'keeps a variable');
  return problems;
}

/** The comment that a file opens with: before all that it declares, and about none of it alone. */
function ruleOf(text: string): string {
  const [, rule = ''] = /^(?:import [^;]*;\n|\n)*(\/\*\*(?:(?!\*\/)[^])*\*\/\n)\n/.exec(text) ?? [];
  return rule;
}

/** A date of a given moment, and functions of numbers, depend on what they are given alone. */
function isHarmless(node: ts.Identifier): boolean {
  const { parent } = node;
  if (node.text === 'Date') return ts.isNewExpression(parent) && parent.arguments?.length === 1;
  return node.text === 'Math' && ts.isPropertyAccessExpression(parent) && parent.name.text !== 'random';
}

export function readSources(root: string): Tree {
  const src = join(root, 'src');
  const names = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
  return new Map(names.map((name) => [name.replaceAll('\\', '/'), readFileSync(join(src, name), 'utf8')]));
}

/** The sources as they were at a commit. */
function readCommit(commit: string): Tree {
  const git = (...args: string[]): string => execFileSync('git', args, { encoding: 'utf8', maxBuffer: 1 << 28 });
  const paths = git('ls-tree', '-r', '--name-only', '--full-tree', commit, 'src')
    .split('\n')
    .filter((path) => path.endsWith('.ts'));
  return new Map(paths.map((path) => [path.slice('src/'.length), git('show', `${commit}:${path}`)]));
}

/** The counts as text. */
export function told({ layers, classes, cutWriters, wiringCallbacks, listeners }: Counts): string {
  return [
    ...layers.map(
      ({ layer, files, lines, pure, longest }) =>
        `${layer}/: ${files} files, ${lines} lines, of which ${pure} pure, longest ${longest}`,
    ),
    ...classes.map(
      ({ path, name, parameters, collaborators, reached }) =>
        `${path}: ${name}, constructor parameters ${parameters}, collaborators ${collaborators.length} (${collaborators.join(', ')})` +
        (reached.length === 0 ? '' : `, reached through them ${reached.length} (${reached.join(', ')})`),
    ),
    `writers of the cut: ${cutWriters.length} (${cutWriters.join(', ')})`,
    `wiring callbacks: ${wiringCallbacks.length} (${wiringCallbacks.join(', ')})`,
    `callbacks of a class to itself: ${listeners.length} (${listeners.join(', ')})`,
  ].join('\n');
}

const self = fileURLToPath(import.meta.url);
if (process.argv[1] === self) {
  const [commit] = process.argv.slice(2);
  console.log(told(countsOf(commit === undefined ? readSources(dirname(dirname(self))) : readCommit(commit))));
}
