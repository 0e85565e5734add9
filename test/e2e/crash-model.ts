import { Prevalent, Transaction } from '../../src/index.js';

/** Every call writes twice: a half of it would show. */
@Prevalent('crash-log')
export class CrashLog {
  readonly left: string[] = [];
  readonly right: string[] = [];

  @Transaction() add(word: string): void {
    this.left.push(word);
    this.right.push(word);
  }
}
