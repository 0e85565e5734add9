/** The rules behind architecture.test.ts, as functions over a tree given in memory: `path below src/ → source text`. */
import { builtinModules } from 'node:module';
import { basename } from 'node:path';
import ts from 'typescript';

export type Tree = ReadonlyMap<string, string>;

/** Top to bottom. A layer is `<name>.ts`, the folder `<name>/`, or both. */
export const LAYERS = [
  'index',
  'core',
  'master',
  'sync',
  'replica',
  'protocol',
  'timeline',
  'state',
  'store',
  'event',
  'model',
  'errors',
  'printable',
  'article',
] as const;

/** These stand beside the layers: they may import anything, nothing in src/ may import them. */
export const ENTRY_POINTS = ['cli', 'testing'] as const;

export const NODE_ALLOWED = ['store/folder/', 'store/postgres/', 'store/nats/', 'cli/', 'testing/'] as const;

const MAX_LINES = 350;
const VAGUE_NAMES = new Set([
  'util',
  'utils',
  'helper',
  'helpers',
  'internal',
  'internals',
  'common',
  'misc',
  'shared',
]);
const NODE_MODULES = new Set(builtinModules);

/** The texts that stand in a source as literals; of a template, the pieces between what is put in. */
export function literalsOf(path: string, text: string): string[] {
  const literals: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isLiteralExpression(node) || ts.isTemplateMiddleOrTemplateTail(node) || ts.isTemplateHead(node))
      literals.push(node.text);
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(path, text, ts.ScriptTarget.Latest));
  return literals;
}

/** Every module specifier in a source: static, type-only, re-exported, dynamic, `import('x').T` and `require`. */
export function specifiersOf(path: string, text: string): string[] {
  const found: string[] = [];
  const add = (node: ts.Node | undefined): void => {
    if (node !== undefined && ts.isStringLiteralLike(node)) found.push(node.text);
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) add(node.moduleSpecifier);
    else if (ts.isExternalModuleReference(node)) add(node.expression);
    else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) add(node.argument.literal);
    else if (ts.isCallExpression(node) && loadsModule(node.expression)) add(node.arguments[0]);
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(path, text, ts.ScriptTarget.Latest));
  return found;
}

function loadsModule(callee: ts.Expression): boolean {
  if (callee.kind === ts.SyntaxKind.ImportKeyword) return true;
  if (ts.isIdentifier(callee)) return callee.text === 'require';
  return ts.isPropertyAccessExpression(callee) && callee.name.text === 'getBuiltinModule';
}

/** `sync/engine.ts` imports `../event/id.js`: `event/id.ts`. Undefined for a package. */
function resolve(from: string, specifier: string): string | undefined {
  if (!specifier.startsWith('.')) return undefined;
  const parts = from.split('/').slice(0, -1);
  for (const part of specifier.split('/')) {
    if (part === '..') {
      if (parts.pop() === undefined) return `outside src: ${specifier}`;
    } else if (part !== '.') parts.push(part);
  }
  return parts.join('/').replace(/\.js$/, '.ts');
}

const topOf = (path: string): string => path.split('/')[0]!.replace(/\.ts$/, '');
const isEntryPoint = (path: string): boolean => (ENTRY_POINTS as readonly string[]).includes(topOf(path));
const layerOf = (path: string): number => (LAYERS as readonly string[]).indexOf(topOf(path));

export function layerViolations(tree: Tree): string[] {
  const problems: string[] = [];
  for (const [path, text] of tree) {
    if (layerOf(path) < 0 && !isEntryPoint(path)) problems.push(`${path}: belongs to no layer`);
    for (const specifier of specifiersOf(path, text)) {
      const target = resolve(path, specifier);
      if (target === undefined) continue;
      if (!tree.has(target)) problems.push(`${path}: imports ${specifier}, which is no file of src/`);
      else if (isEntryPoint(path)) continue;
      else if (isEntryPoint(target)) problems.push(`${path}: nothing may import ${target}`);
      else if (layerOf(target) < layerOf(path)) problems.push(`${path}: imports ${target}, a layer above it`);
    }
  }
  return problems;
}

/** One line per cycle found, type-only imports included. */
export function importCycles(tree: Tree): string[] {
  const cycles: string[] = [];
  const state = new Map<string, 'open' | 'done'>();
  const stack: string[] = [];
  const visit = (path: string): void => {
    if (state.get(path) === 'done') return;
    if (state.get(path) === 'open') {
      cycles.push([...stack.slice(stack.indexOf(path)), path].join(' → '));
      return;
    }
    state.set(path, 'open');
    stack.push(path);
    for (const specifier of specifiersOf(path, tree.get(path)!)) {
      const target = resolve(path, specifier);
      if (target !== undefined && tree.has(target)) visit(target);
    }
    stack.pop();
    state.set(path, 'done');
  };
  for (const path of tree.keys()) visit(path);
  return cycles;
}

const isNodeModule = (specifier: string): boolean =>
  specifier.startsWith('node:') || NODE_MODULES.has(specifier) || NODE_MODULES.has(specifier.split('/')[0]!);

export function nodeViolations(tree: Tree): string[] {
  const problems: string[] = [];
  for (const [path, text] of tree) {
    if (NODE_ALLOWED.some((folder) => path.startsWith(folder))) continue;
    for (const specifier of specifiersOf(path, text)) {
      if (isNodeModule(specifier)) problems.push(`${path}: may not import ${specifier}`);
    }
  }
  return problems;
}

/** What pages are given: these files and all that they import have nothing but what every JavaScript engine has. */
const FOR_PAGES = ['core.ts', 'testing/core.ts'];
/** Names that only Node has; asked of `globalThis`, they may be missing. */
const NODE_NAMES = new Set([
  'Buffer',
  'process',
  'setImmediate',
  'clearImmediate',
  'require',
  '__dirname',
  '__filename',
]);

export function pageViolations(tree: Tree): string[] {
  const reached = new Set(FOR_PAGES.filter((path) => tree.has(path)));
  const problems: string[] = [];
  for (const path of reached) {
    const text = tree.get(path)!;
    for (const specifier of specifiersOf(path, text)) {
      const target = resolve(path, specifier);
      if (target !== undefined && tree.has(target)) reached.add(target);
      if (isNodeModule(specifier)) problems.push(`${path}: imports ${specifier}, which a page has not`);
    }
    const visit = (node: ts.Node): void => {
      const isName = ts.isPropertyAccessExpression(node.parent)
        ? node.parent.expression === node
        : ts.isExpression(node);
      if (ts.isIdentifier(node) && NODE_NAMES.has(node.text) && isName && !isNameOf(node))
        problems.push(`${path}: uses ${node.text}, which a page has not`);
      ts.forEachChild(node, visit);
    };
    ts.forEachChild(ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true), visit);
  }
  return problems;
}

/** Whether it only names a declaration, a member or a type. */
function isNameOf(node: ts.Identifier): boolean {
  const { name, propertyName } = node.parent as { name?: ts.Node; propertyName?: ts.Node };
  return name === node || propertyName === node || ts.isTypeReferenceNode(node.parent);
}

/** Packages that src/ imports without declaring them; `#names` must be in package.json's `imports`. */
export function undeclaredPackages(tree: Tree, declared: ReadonlySet<string>): string[] {
  const problems: string[] = [];
  for (const [path, text] of tree) {
    for (const specifier of specifiersOf(path, text)) {
      if (specifier.startsWith('.') || isNodeModule(specifier)) continue;
      const name = specifier.startsWith('#')
        ? specifier
        : specifier
            .split('/')
            .slice(0, specifier.startsWith('@') ? 2 : 1)
            .join('/');
      if (!declared.has(name)) problems.push(`${path}: imports ${name}, which package.json does not declare`);
    }
  }
  return problems;
}

export function shapeViolations(tree: Tree): string[] {
  const problems: string[] = [];
  for (const [path, text] of tree) {
    const lines = text.split('\n').length - (text.endsWith('\n') ? 1 : 0);
    if (lines > MAX_LINES) problems.push(`${path}: ${lines} lines; aim at 300, at most ${MAX_LINES}`);
    if (path.endsWith('.d.ts')) problems.push(`${path}: declarations are generated, not written`);
    for (const part of path.replace(/(\.d)?\.ts$/, '').split('/')) {
      if (VAGUE_NAMES.has(part)) problems.push(`${path}: "${part}" says nothing; name it after what it does`);
    }
  }
  return problems;
}

// Written in pieces, so that this file passes its own rule.
const UNTIDY: readonly (readonly [RegExp, string])[] = [
  [new RegExp(String.raw`(?<![\w.\-*}\])~/])/(?:${['wo' + 'rk', 'ro' + 'ot'].join('|')})/`), 'a path of one machine'],
  [new RegExp(['registry', String.raw`\.(npmjs|yarnpkg|npmmirror)\.`].join(''), 'i'), 'a registry host'],
  [
    new RegExp(['https?:', String.raw`//(registry|npm|artifactory|nexus|verdaccio)\.`].join(''), 'i'),
    'a registry host',
  ],
  [new RegExp(['"resol', 'ved": *"http'].join('')), 'a registry host'],
  [new RegExp(['_auth', 'Token'].join('')), 'a registry credential'],
];

export function untidyLines(path: string, text: string): string[] {
  const problems: string[] = [];
  text.split('\n').forEach((line, index) => {
    for (const [pattern, what] of UNTIDY) {
      if (pattern.test(line)) problems.push(`${path}:${index + 1}: contains ${what}`);
    }
    if (/^(<{7} |>{7} |={7}$)/.test(line)) problems.push(`${path}:${index + 1}: a merge conflict marker`);
  });
  return problems;
}

/** Names that are words of everyday text: nobody can search for them. */
const UNSEARCHABLE = new Set(['one', 'said', 'found']);

/** Words of one meaning, and the layers to which what they mean belongs: elsewhere they would mean something else. */
const AT_HOME: readonly (readonly [word: string, layers: RegExp])[] = [
  ['seal', /^(master|cli|testing|sync|replica|protocol|store)\b/],
  ['settle', /^(store|sync)\b/],
  ['checksum', /^event\b/],
];

/**
 * Exported names with a word that the glossary avoids; declared names with a word outside of the layers to which it belongs; in the sync
 * core, also declared names that cannot be searched for.
 */
export function misnamed(tree: Tree, avoided: ReadonlySet<string>): string[] {
  const problems: string[] = [];
  for (const [path, text] of tree) {
    const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest);
    const isCore = /^(protocol|replica|sync)\//.test(path);
    const visit = (node: ts.Node): void => {
      const { name } = node as { name?: ts.Node };
      if (name !== undefined && ts.isIdentifier(name)) {
        const words = name.text.split(/(?=[A-Z])|_/).map((word) => word.toLowerCase());
        const isExported = ts.canHaveModifiers(node) && ts.getModifiers(node)?.some(({ kind }) => kind === EXPORT);
        const isDeclared = ts.isVariableDeclaration(node) || ts.isParameter(node) || ts.isBindingElement(node);
        const astray = AT_HOME.filter(([word, layers]) => words.includes(word) && !layers.test(path));
        if (isDeclaration(node)) problems.push(...astray.map(([word]) => `${path}: ${name.text} (${word})`));
        if (isExported === true && words.some((word) => avoided.has(word))) problems.push(`${path}: ${name.text}`);
        else if (isCore && isDeclared && UNSEARCHABLE.has(name.text)) problems.push(`${path}: ${name.text}`);
      }
      ts.forEachChild(node, visit);
    };
    visit(source);
  }
  return problems;
}

const EXPORT = ts.SyntaxKind.ExportKeyword;

/** What gives a name, not what uses one. */
function isDeclaration(node: ts.Node): boolean {
  return (
    ts.isFunctionDeclaration(node) ||
    ts.isClassElement(node) ||
    ts.isTypeElement(node) ||
    ts.isVariableDeclaration(node) ||
    ts.isParameter(node) ||
    ts.isClassDeclaration(node) ||
    ts.isInterfaceDeclaration(node) ||
    ts.isTypeAliasDeclaration(node)
  );
}

/** Members of the port's interfaces that have no comment of their own, and those that no point of the contract suite uses. */
export function forgottenMembers(tree: Tree): string[] {
  const used = new Set<string>();
  for (const [path, text] of tree) {
    if (!path.startsWith('testing/contract/')) continue;
    const visit = (node: ts.Node): void => {
      if (ts.isPropertyAccessExpression(node)) used.add(node.name.text);
      // const { now } = journal
      if (ts.isBindingElement(node)) used.add(((node.propertyName ?? node.name) as ts.Identifier).text);
      ts.forEachChild(node, visit);
    };
    visit(ts.createSourceFile(path, text, ts.ScriptTarget.Latest));
  }
  const problems: string[] = [];
  const port = ts.createSourceFile('store/store.ts', tree.get('store/store.ts') ?? '', ts.ScriptTarget.Latest, true);
  for (const statement of port.statements) {
    if (!ts.isInterfaceDeclaration(statement)) continue;
    const isPort = PORT.has(statement.name.text);
    if (!isPort && !DATA.has(statement.name.text)) problems.push(`${statement.name.text}: neither port nor data`);
    for (const member of statement.members) {
      const name = `${statement.name.text}.${member.name?.getText() ?? ''}`;
      if (ts.getJSDocCommentsAndTags(member).length === 0) problems.push(`${name}: not documented`);
      if (!isPort) continue;
      if (!used.has(member.name?.getText() ?? '')) problems.push(`${name}: not in the contract suite`);
      if (member.questionToken !== undefined && !BY_CAPABILITY.has(name)) problems.push(`${name}: optional`);
    }
  }
  return problems;
}

/** Members of what a store implements, is given and gives, that have no row in a table of the page on writing stores. */
export function untoldMembers(tree: Tree, page: string): string[] {
  const rows = page.split('\n').filter((line) => line.startsWith('| `'));
  const told = new Set(
    rows.flatMap((row) => [...(row.split(' | ')[0] ?? '').matchAll(/`(\w+)`/g)].map(([, name]) => name)),
  );
  return ['store/store.ts', 'store/opening.ts'].flatMap((path) => {
    const source = ts.createSourceFile(path, tree.get(path) ?? '', ts.ScriptTarget.Latest, true);
    return source.statements
      .filter(ts.isInterfaceDeclaration)
      .filter(({ name }) => PORT.has(name.text) || EXCHANGED.has(name.text))
      .flatMap(({ name, members }) =>
        members
          .map((member) => member.name?.getText() ?? '')
          .filter((member) => !told.has(member))
          .map((member) => `${name.text}.${member}`),
      );
  });
}

/** What a store is given when it opens a journal, and what it keeps. */
const EXCHANGED = new Set(['JournalRequest', 'OpeningFacts', 'StreamFound', 'JournalFound', 'Session', 'Remembered']);

/** What a store implements; and what is given to it, or it gives, which needs a comment only. */
const PORT = new Set(['Store', 'Journal', 'Now', 'Capabilities']);
const DATA = new Set([
  'JournalRequest',
  'StreamListing',
  'Remembered',
  'StoreListener',
  'SnapshotListing',
  'Keeper',
  'Recalled',
]);
/** There if, and only if, the capabilities of the store say so. */
const BY_CAPABILITY = new Set(['Store.watch', 'Journal.now', 'Journal.keep', 'Journal.hold']);

/** Functions, classes and constants that are exported, though no other file imports them. @param users files that may import as well */
export function unusedExports(tree: Tree, users: Tree): string[] {
  const used = new Set<string>();
  // Whoever takes a whole file takes every name in it.
  const open = new Set<string>();
  for (const text of [...tree.values(), ...users.values()])
    for (const [, list = ''] of text.matchAll(/\{([^{}]*)\}\s*(?:from\b|=\s*await import)/g))
      for (const item of list.split(',')) used.add(/^\s*(?:type\s+)?(\w+)/.exec(item)?.[1] ?? '');
  for (const text of tree.values())
    for (const [, path = ''] of text.matchAll(/^(?:export \*|import \* as \w+) from '(.+)\.js'/gm))
      open.add(basename(path));
  return [...tree].flatMap(([path, text]) => {
    if (open.has(basename(path, '.ts'))) return [];
    const names = [...text.matchAll(/^export (?:async |abstract )*(?:function\*?|class|const|let) (\w+)/gm)].map(
      ([, name]) => name,
    );
    return names.filter((name) => name !== undefined && !used.has(name)).map((name) => `${path}: ${name}`);
  });
}
