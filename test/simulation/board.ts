import { Prevalent, Transaction } from '../../src/index.js';

/** A small state on which the order of calls shows everywhere, and in which every call leaves its token. */
@Prevalent('board')
export class Board {
  readonly notes = new Map<string, string>();
  readonly made = new Map<string, string>();
  counter = 0;

  @Transaction() put(token: string, key: string): string {
    this.notes.set(key, token);
    return this.stamp(token);
  }

  /** Rejected when it comes late and somebody was faster. Throws after it wrote, so that there is something to take back. */
  @Transaction() claim(token: string, key: string): string {
    this.counter += 7;
    const stamp = this.stamp(token);
    if (this.notes.has(key)) throw new Error(`${key} is taken by ${String(this.notes.get(key))}`);
    this.notes.set(key, token);
    return stamp;
  }

  @Transaction() drop(token: string, key: string): string {
    const stamp = this.stamp(token);
    if (!this.notes.delete(key)) throw new Error(`no ${key}`);
    return stamp;
  }

  private stamp(token: string): string {
    this.counter++;
    const stamp = `${crypto.randomUUID()} ${Date.now()}`;
    this.made.set(token, stamp);
    return stamp;
  }
}

/** The state as text, order included. */
export function textOf(board: Board): string {
  return JSON.stringify([[...board.notes], [...board.made], board.counter]);
}
