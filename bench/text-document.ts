import { Prevalent, Transaction } from '../src/index.js';

/** A piece is split above this, so that an edit copies little and the value it replaces is small. */
const MOST = 512;

/** A text as a list of short pieces; `piece` and `start` remember where the last edit was, since the next one is mostly near. */
@Prevalent('bench-text')
export class TextDocument {
  readonly pieces: string[] = [''];
  piece = 0;
  /** Position of that piece's first character. */
  start = 0;

  /** Takes `deleted` characters out at `position` and puts `inserted` there. */
  @Transaction() edit(position: number, deleted: number, inserted: string): void {
    const { pieces } = this;
    let { piece, start } = this;
    while (position < start) start -= pieces[--piece]!.length;
    let text = pieces[piece]!;
    while (position > start + text.length) {
      if (piece + 1 === pieces.length) throw new RangeError(`The text ends before ${position}`);
      start += text.length;
      text = pieces[++piece]!;
    }
    if (piece !== this.piece) {
      this.piece = piece;
      this.start = start;
    }
    const offset = position - start;
    // What is to be deleted may reach into the following pieces.
    let last = piece;
    while (offset + deleted > text.length && last + 1 < pieces.length) text += pieces[++last]!;
    if (offset + deleted > text.length) throw new RangeError(`The text ends before ${position + deleted}`);
    const changed = text.slice(0, offset) + inserted + text.slice(offset + deleted);
    if (last === piece && changed.length <= MOST) pieces[piece] = changed;
    else pieces.splice(piece, last - piece + 1, ...split(changed));
  }

  text(): string {
    return this.pieces.join('');
  }
}

function split(text: string): string[] {
  const pieces: string[] = [];
  for (let from = 0; from === 0 || from < text.length; from += MOST / 2) pieces.push(text.slice(from, from + MOST / 2));
  return pieces;
}
