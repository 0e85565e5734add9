/** Sentences of the documentation that a reader in a hurry has to read twice: too long, or with words that only we use so. */

/** More than this many words is too long. A list or code in a sentence may need some more than the 30 that we aim at. */
const LONGEST = 38;

/** What we once called things, and what they are called in the glossary and elsewhere. */
const COINED: readonly (readonly [words: RegExp, instead: string])[] = [
  [/\bst(ands?|ood) in\b/i, 'replaces, is in'],
  [/\bissue[sd]? (\w+ )?again\b/i, 're-issue'],
  [/\blets? go of\b/i, 'delete, drop, release'],
  [/\btold\b/i, 'reported'],
  [/\bgo(es)? no further\b/i, 'is held'],
  [/\bheard (of|from)\b/i, 'known, read'],
  [/\b(awake|asleep)\b/i, 'active, inactive'],
  [/\bpass(es|ed) over\b/i, 'skip'],
];

interface Sentence {
  readonly text: string;
  /** Line on which its paragraph begins, from 1. */
  readonly line: number;
  readonly isInTable: boolean;
}

/** The sentences of a page, without its code blocks. */
export function sentencesOf(page: string): Sentence[] {
  const sentences: Sentence[] = [];
  let paragraph: string[] = [];
  let start = 1;
  const finish = (): void => {
    const text = paragraph.join(' ').replaceAll(/\s+/g, ' ').trim();
    const isInTable = text.startsWith('|');
    for (const part of isInTable ? text.split(' | ') : [text]) {
      for (const sentence of part.split(/(?<=[.!?:]\)?) (?=[A-Z*`_([])/)) {
        if (sentence !== '') sentences.push({ text: sentence, line: start, isInTable });
      }
    }
    paragraph = [];
  };
  let fence = false;
  page.split(/\r?\n/).forEach((line, index) => {
    const isFence = /^\s*(`{3,}|~{3,})/.test(line);
    if (isFence) fence = !fence;
    if (isFence || fence || line.trim() === '' || /^\s*([-*|#>]|\d+\. |<!--)/.test(line)) finish();
    if (isFence || fence || line.trim() === '') return;
    if (paragraph.length === 0) start = index + 1;
    paragraph.push(line.trim());
  });
  finish();
  return sentences;
}

/** What is to be written in another way, as `page:line: why`. */
export function unplain(name: string, page: string): string[] {
  return sentencesOf(page).flatMap(({ text, line, isInTable }) => {
    const prose = text.replaceAll(/\]\([^)]*\)/g, ']');
    const words = prose.match(/[\p{L}\p{N}`][\p{L}\p{N}`_.'()/-]*/gu)?.length ?? 0;
    const problems = COINED.filter(([coined]) => coined.test(prose.replaceAll(/`[^`]*`/g, ''))).map(
      ([, instead]) => `write ${instead}`,
    );
    if (words > LONGEST && !isInTable) problems.push(`${words} words`);
    return problems.map((problem) => `${name}:${line}: ${problem}: ${text}`);
  });
}
