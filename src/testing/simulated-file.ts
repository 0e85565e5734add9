import type { OpenFile } from '../store/folder/file-system.js';

/** Disks write at least so many bytes at once. */
const SECTOR = 512;

/** One file of a simulated disk. */
export interface SimulatedFile {
  /** What a reader of this machine sees. */
  bytes: Uint8Array;
  /** What a power failure leaves. */
  durable: Uint8Array;
}

/** An open file of a simulated disk; each operation may be made to fail. */
export class SimulatedOpenFile implements OpenFile {
  readonly #file: SimulatedFile;
  readonly #fault: (operation: 'write' | 'sync' | 'truncate') => void;
  readonly #at: (path: string) => SimulatedFile | undefined;

  /** @param at what stands at a path now */
  constructor(
    file: SimulatedFile,
    fault: (operation: 'write' | 'sync' | 'truncate') => void,
    at: (path: string) => SimulatedFile | undefined,
  ) {
    this.#file = file;
    this.#fault = fault;
    this.#at = at;
  }

  async write(bytes: Uint8Array, offset: number): Promise<void> {
    this.writeNow(bytes, offset);
  }

  writeNow(bytes: Uint8Array, offset: number): void {
    this.#fault('write');
    const grown = new Uint8Array(Math.max(this.#file.bytes.length, offset + bytes.length));
    grown.set(this.#file.bytes);
    grown.set(bytes, offset);
    this.#file.bytes = grown;
  }

  async sync(): Promise<void> {
    this.syncNow();
  }

  syncNow(): void {
    this.#fault('sync');
    this.#file.durable = this.#file.bytes.slice();
  }

  async truncate(size: number): Promise<void> {
    this.truncateNow(size);
  }

  truncateNow(size: number): void {
    this.#fault('truncate');
    this.#file.bytes = this.#file.bytes.slice(0, size);
    this.#file.durable = this.#file.bytes.slice();
  }

  readNow(from: number, length: number): Uint8Array {
    return this.#file.bytes.slice(from, from + length);
  }

  isAtNow(path: string): boolean {
    return this.#at(path) === this.#file;
  }

  async close(): Promise<void> {
    return Promise.resolve();
  }
}

/** What a power failure leaves of a file: the synced bytes, and a share of those that were changed since. */
export function mixed({ bytes, durable }: SimulatedFile, keep: number): Uint8Array {
  const length = Math.max(bytes.length, durable.length);
  let first = 0;
  while (first < length && bytes[first] === durable[first]) first++;
  let end = length;
  while (end > first && bytes[end - 1] === durable[end - 1]) end--;
  const share = Math.min(Math.floor(Math.abs(keep) * (end - first + 1)), end - first);
  if (share === 0) return durable.slice();
  if (share === end - first) return bytes.slice();
  // A sector reaches the disk as a whole.
  const cut = keep > 0 ? first + share : Math.floor((end - share) / SECTOR) * SECTOR;
  const [head, tail] = keep > 0 ? [bytes, durable] : [durable, bytes];
  const result = new Uint8Array(Math.max(Math.min(cut, head.length), tail.length));
  result.set(head.subarray(0, cut));
  if (tail.length > cut) result.set(tail.subarray(cut), cut);
  return result;
}
