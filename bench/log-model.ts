import { Prevalent, Transaction } from '../src/index.js';

/** The model of the durability benchmarks: the smallest transaction there is. */
@Prevalent('bench-log')
export class Log {
  readonly entries: string[] = [];

  @Transaction() append(text: string): void {
    this.entries.push(text);
  }
}

/** What one call carries: 20 characters. */
export function entry(index: number): string {
  return `entry ${String(index).padStart(14, '0')}`;
}
