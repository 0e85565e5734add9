/**
 * The code samples of the documentation: every ```ts block of a page, as programs to check and run.
 *
 * An HTML comment before a block says what is special about it; several may be joined by commas:
 *   <!-- sample: continue -->    goes on where the previous block of the page ended
 *   <!-- sample: fails CODE -->  must throw an error whose `code` is CODE
 *   <!-- sample: jest -->        is a test file of its own, and runs under Jest
 *   <!-- sample: types-only -->  is type-checked but not run
 */

export interface Block {
  readonly page: string;
  /** Line of the page on which the code begins, from 1. */
  readonly line: number;
  readonly code: readonly string[];
  readonly continues: boolean;
  readonly fails: string | undefined;
  readonly typesOnly: boolean;
  readonly jest: boolean;
}

export interface Program {
  /** `page:line` of the block that this program is about. */
  readonly title: string;
  readonly source: string;
  /** For each line of the source, from 0, the page's `file:line`. */
  readonly origins: readonly string[];
  readonly fails: string | undefined;
  /** How it is started; `undefined` if only its types are checked. */
  readonly run: 'alone' | 'jest' | undefined;
}

/** Printed by a program that must fail, just before the block that must do it. */
export const REACHED = 'sample: reached the failing block';

const FENCE = /^(\s*)(`{3,}|~{3,})\s*([^\s`]*)/;
const COMMENT = /^\s*<!--\s*sample:\s*(.*?)\s*-->\s*$/;

export function blocksOf(page: string, text: string): Block[] {
  const blocks: Block[] = [];
  const lines = text.split(/\r?\n/);
  let directives: string[] = [];
  for (let index = 0; index < lines.length; index++) {
    const comment = COMMENT.exec(lines[index]!);
    if (comment !== null) {
      directives.push(...comment[1]!.split(',').map((directive) => directive.trim()));
      continue;
    }
    const fence = FENCE.exec(lines[index]!);
    if (fence === null) {
      if (lines[index]!.trim() !== '' && directives.length > 0) {
        throw new Error(`${page}:${index + 1}: a sample comment must stand just before its block`);
      }
      continue;
    }
    const [, indent, marks, language] = fence as unknown as [string, string, string, string];
    const start = index + 1;
    const closes = (line: string): boolean => line.trim().startsWith(marks) && /^[`~]+$/.test(line.trim());
    do index++;
    while (index < lines.length && !closes(lines[index]!));
    if (index >= lines.length) throw new Error(`${page}:${start}: the code block is never closed`);
    if (/^(typescript|mts|cts|tsx)$/i.test(language)) {
      throw new Error(`${page}:${start}: write \`\`\`ts, so that the sample is run`);
    }
    if (language === 'ts') {
      const code = lines
        .slice(start, index)
        .map((line) => (line.startsWith(indent) ? line.slice(indent.length) : line));
      blocks.push({ page, line: start + 1, code, ...read(directives, `${page}:${start}`) });
    } else if (directives.length > 0) {
      throw new Error(`${page}:${start}: a sample comment before a block that is not \`\`\`ts`);
    }
    directives = [];
  }
  return blocks;
}

function read(directives: readonly string[], where: string): Pick<Block, 'continues' | 'fails' | 'typesOnly' | 'jest'> {
  let fails: string | undefined;
  for (const directive of directives) {
    const failing = /^fails (\S+)$/.exec(directive);
    if (failing !== null) fails = failing[1];
    else if (!['continue', 'types-only', 'jest'].includes(directive)) {
      throw new Error(`${where}: unknown sample comment "${directive}"`);
    }
  }
  const has = (directive: string): boolean => directives.includes(directive);
  return { continues: has('continue'), fails, typesOnly: has('types-only'), jest: has('jest') };
}

/**
 * Joins continued blocks. A block that fails, is only type-checked or runs under Jest becomes a program of its own on top of the
 * ordinary blocks before it; what continues after it goes on without it.
 */
export function programsOf(blocks: readonly Block[]): Program[] {
  const programs: Program[] = [];
  let chain: Block[] = [];
  const finish = (): void => {
    if (chain.length > 0) programs.push(program(chain));
    chain = [];
  };
  let page: string | undefined;
  for (const block of blocks) {
    if (!block.continues || block.page !== page) {
      if (block.continues) throw new Error(`${block.page}:${block.line}: nothing on this page to continue`);
      finish();
    }
    page = block.page;
    if (isAlone(block)) programs.push(program([...chain, block]));
    else chain.push(block);
  }
  finish();
  return programs;
}

const isAlone = ({ fails, typesOnly, jest }: Block): boolean => fails !== undefined || typesOnly || jest;

function program(blocks: readonly Block[]): Program {
  const lines: string[] = [];
  const origins: string[] = [];
  const last = blocks.at(-1)!;
  for (const block of blocks) {
    if (block === last && block.fails !== undefined) {
      lines.push(`console.log(${JSON.stringify(REACHED)});`);
      origins.push(`${block.page}:${block.line}`);
    }
    block.code.forEach((line, index) => {
      lines.push(line);
      origins.push(`${block.page}:${block.line + index}`);
    });
  }
  lines.push('export {};', '');
  origins.push(`${last.page}:${last.line}`, `${last.page}:${last.line}`);
  const title = `${last.page}:${(isAlone(last) ? last : blocks[0]!).line}`;
  const run = last.typesOnly ? undefined : last.jest ? 'jest' : 'alone';
  return { title, source: lines.join('\n'), origins, fails: last.fails, run };
}

/**
 * What the comments behind `console.log(…)` say that it prints. `…` is any text; `, then ` parts what a loop prints; a remark comes
 * after `; `.
 */
export function promisedOutput(source: string): string[] {
  const comments = source.matchAll(/console\.log\(.*\);? \/\/ (.+)$/gm);
  return [...comments].flatMap(([, comment]) => comment!.replace(/; .*$/, '').split(', then '));
}

/** The first promised line that was not printed after those before it; `undefined` if all were. */
export function firstUnprinted(promised: readonly string[], printed: string): string | undefined {
  const lines = printed.split(/\r?\n/).map((line) => line.trim());
  let from = 0;
  return promised.find((text) => {
    const parts = text.split('…').map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'));
    const pattern = new RegExp(`^${parts.join('.*')}$`);
    const at = lines.findIndex((line, index) => index >= from && pattern.test(line));
    from = at + 1;
    return at < 0;
  });
}

export interface Link {
  /** Path as written, without its anchor; empty for a place on the same page. */
  readonly target: string;
  /** What follows `#`; empty if nothing does. */
  readonly anchor: string;
  readonly line: number;
}

/** Relative links and images outside code, each with its line. */
export function relativeLinks(text: string): Link[] {
  const links: Link[] = [];
  for (const [index, line] of proseLines(text)) {
    const prose = line.replaceAll(/`[^`]*`/g, '');
    const inline = prose.matchAll(/\]\(\s*<?([^)\s>]+)>?[^)]*\)/g);
    const defined = prose.matchAll(/^\s*\[[^\]]+\]:\s*<?([^\s>]+)/g);
    const html = prose.matchAll(/\b(?:src|href)="([^"]+)"/g);
    for (const [, link] of [...inline, ...defined, ...html]) {
      if (/^([a-z][a-z0-9+.-]*:|\/\/)/i.test(link!)) continue;
      const [path = '', anchor = ''] = link!.split('#');
      links.push({ target: decodeURI(path.replace(/\?.*$/, '')), anchor, line: index + 1 });
    }
  }
  return links;
}

/** The anchors that a page's headings have on a forge. */
export function anchorsOf(text: string): Set<string> {
  const anchors = new Set<string>();
  for (const [, line] of proseLines(text)) {
    const heading = /^#{1,6}\s+(.*?)\s*#*$/.exec(line)?.[1];
    if (heading === undefined) continue;
    const slug = heading
      .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-');
    for (let n = 0, anchor = slug; ; anchor = `${slug}-${++n}`) {
      if (anchors.has(anchor)) continue;
      anchors.add(anchor);
      break;
    }
  }
  return anchors;
}

/** Lines outside of code blocks, with their index from 0. */
function proseLines(text: string): [index: number, line: string][] {
  let fence: string | undefined;
  return text.split(/\r?\n/).flatMap((line, index): [number, string][] => {
    const marks = FENCE.exec(line)?.[2];
    if (fence === undefined && marks !== undefined) fence = marks;
    else if (fence === undefined) return [[index, line]];
    else if (marks?.startsWith(fence) === true) fence = undefined;
    return [];
  });
}
