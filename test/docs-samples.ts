/**
 * The code samples of the documentation: every ```ts block of a page, as programs to check and run.
 *
 * An HTML comment before a block says what is special about it; several may be joined by commas:
 *   <!-- sample: continue -->    goes on where the previous block of the page ended
 *   <!-- sample: fails CODE -->  must throw an error whose `code` is CODE
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
}

export interface Program {
  /** `page:line` of the block that this program is about. */
  readonly title: string;
  readonly source: string;
  /** For each line of the source, from 0, the page's `file:line`. */
  readonly origins: readonly string[];
  readonly fails: string | undefined;
  readonly run: boolean;
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

function read(directives: readonly string[], where: string): Pick<Block, 'continues' | 'fails' | 'typesOnly'> {
  let fails: string | undefined;
  for (const directive of directives) {
    const failing = /^fails (\S+)$/.exec(directive);
    if (failing !== null) fails = failing[1];
    else if (directive !== 'continue' && directive !== 'types-only') {
      throw new Error(`${where}: unknown sample comment "${directive}"`);
    }
  }
  return { continues: directives.includes('continue'), fails, typesOnly: directives.includes('types-only') };
}

/**
 * Joins continued blocks. A block that fails, or is only type-checked, becomes a program of its own on top of the
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
    if (block.fails === undefined && !block.typesOnly) chain.push(block);
    else programs.push(program([...chain, block]));
  }
  finish();
  return programs;
}

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
  const title = `${last.page}:${(last.fails !== undefined || last.typesOnly ? last : blocks[0]!).line}`;
  return { title, source: lines.join('\n'), origins, fails: last.fails, run: !last.typesOnly };
}

/** Targets of relative links and images outside code, without their anchors, each with its line. */
export function relativeLinks(text: string): { target: string; line: number }[] {
  const links: { target: string; line: number }[] = [];
  let fence: string | undefined;
  text.split(/\r?\n/).forEach((line, index) => {
    const marks = FENCE.exec(line)?.[2];
    if (fence === undefined && marks !== undefined) fence = marks;
    else if (fence !== undefined) {
      if (marks?.startsWith(fence) === true) fence = undefined;
    } else {
      const prose = line.replaceAll(/`[^`]*`/g, '');
      const inline = prose.matchAll(/\]\(\s*<?([^)\s>]+)>?[^)]*\)/g);
      const defined = prose.matchAll(/^\s*\[[^\]]+\]:\s*<?([^\s>]+)/g);
      const html = prose.matchAll(/\b(?:src|href)="([^"]+)"/g);
      for (const [, link] of [...inline, ...defined, ...html]) {
        if (/^([a-z][a-z0-9+.-]*:|\/\/|#)/i.test(link!)) continue;
        links.push({ target: decodeURI(link!.replace(/[?#].*$/, '')), line: index + 1 });
      }
    }
  });
  return links;
}
