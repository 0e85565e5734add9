import { Prevalent, Transaction } from '../src/index.js';

/** A model in which every call leaves a trace, in the order of the calls. */
@Prevalent('ledger')
export class Ledger {
  readonly lines: string[] = [];
  readonly ids = new Map<string, string>();

  @Transaction() write(line: string): string {
    this.lines.push(line);
    const id = crypto.randomUUID();
    this.ids.set(line, `${id} ${Date.now()}`);
    return id;
  }

  /** Throws unless the line before is the one that is expected: late events make it fail. */
  @Transaction() writeAfter(last: string, line: string): void {
    if (this.lines.at(-1) !== last) throw new Error(`the last line is ${String(this.lines.at(-1))}`);
    this.lines.push(line);
  }

  @Transaction() erase(line: string): void {
    const at = this.lines.indexOf(line);
    if (at < 0) throw new Error(`no line ${line}`);
    this.lines.splice(at, 1);
    this.ids.delete(line);
  }
}
