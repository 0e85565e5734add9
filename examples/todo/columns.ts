import { styleText } from 'node:util';
import stringWidth from 'string-width';

/** Fills a text up with spaces to so many columns; wide characters take two. */
export function padTo(text: string, columns: number): string {
  return text + ' '.repeat(Math.max(columns - stringWidth(text), 0));
}

/** Columns that a text takes. */
export function widthOf(text: string): number {
  return stringWidth(text);
}

/** The beginning of a text that fits into so many columns, with `…` where it was cut. */
export function fitTo(text: string, columns: number): string {
  if (stringWidth(text) <= columns) return text;
  let fitting = '';
  for (const { segment } of new Intl.Segmenter().segment(text)) {
    if (stringWidth(fitting + segment) > columns - 1) break;
    fitting += segment;
  }
  return `${fitting}…`;
}

/** Where lines are shown. */
export interface Screen {
  /** Columns of a line; Infinity where it is no terminal. */
  readonly columns: number;
  /** The text of something that is done. */
  done(text: string): string;
}

/** A screen that is none: a file, a pipe. */
export const NO_SCREEN: Screen = { columns: Infinity, done: (text) => text };

/** What standard output is shown on: colour and strike-through on a terminal, unless NO_COLOR is set; nothing of it elsewhere. */
export function screenOf(out: Pick<NodeJS.WriteStream, 'isTTY' | 'columns'>): Screen {
  if (!out.isTTY) return NO_SCREEN;
  const styled = process.env['NO_COLOR'] === undefined || process.env['NO_COLOR'] === '';
  return {
    columns: out.columns > 0 ? out.columns : Infinity,
    done: styled ? (text) => styleText(['green', 'strikethrough'], text) : (text) => text,
  };
}
