/** What carries a shared folder between machines, as the common programs do it; a second at a time, by the clock of a test. */
import type { FolderNetwork } from '../src/testing/index.js';

/** Carries files when a second has gone by. @param second since the beginning */
export type Carrier = (second: number) => void;

type Content = Uint8Array | undefined;

function isSame(left: Content, right: Content): boolean {
  if (left === undefined || right === undefined) return left === right;
  return Buffer.compare(left, right) === 0;
}

/** What a machine writes itself. */
function ownFiles(network: FolderNetwork, name: string): string[] {
  const paths = network.disk(name).paths();
  return paths.filter((path) => path.startsWith(`/shared/${name}/`) && !path.endsWith('.tmp'));
}

function pairs(network: FolderNetwork): (readonly [string, string])[] {
  const names = network.names();
  return names.flatMap((from) => names.filter((to) => to !== from).map((to) => [from, to] as const));
}

/** Removes from others what a machine has removed. */
function removeGone(network: FolderNetwork, from: string, to: string): void {
  const there = new Set(ownFiles(network, from));
  for (const path of network.disk(to).paths())
    if (path.startsWith(`/shared/${from}/`) && !there.has(path)) network.disk(to).remove(path);
}

/** Copies all files as they are every so many seconds. */
export function copying(network: FolderNetwork, every: number): Carrier {
  return (second) => {
    if (second % every !== 0) return;
    for (const [from, to] of pairs(network)) {
      for (const path of network.pending(from, to)) network.deliver(from, to, path);
      removeGone(network, from, to);
    }
  };
}

/** The same, over names of its own that are renamed into place a second later. */
export function renaming(network: FolderNetwork, every: number): Carrier {
  const temporary = (path: string): string => path.replace(/([^/]+)$/, '~$1.partial');
  let copied: { readonly to: string; readonly path: string }[] = [];
  return (second) => {
    for (const { to, path } of copied) {
      const bytes = network.disk(to).peek(temporary(path));
      if (bytes !== undefined) network.disk(to).put(path, bytes);
      network.disk(to).remove(temporary(path));
    }
    copied = [];
    if (second % every !== 0) return;
    for (const [from, to] of pairs(network)) {
      removeGone(network, from, to);
      for (const path of network.pending(from, to)) {
        network.disk(to).put(temporary(path), network.disk(from).peek(path) ?? new Uint8Array());
        copied.push({ to, path });
      }
    }
  };
}

/** Empties each file that differs, and writes it anew: half of it in one second, all of it in the next. */
export function rewriting(network: FolderNetwork, every: number): Carrier {
  return (second) => {
    for (const [from, to] of pairs(network)) {
      const step = second % every;
      if (step > 2) continue;
      for (const path of network.pending(from, to)) network.deliver(from, to, path, step / 2);
      removeGone(network, from, to);
    }
  };
}

interface Change {
  readonly first: number;
  last: number;
}

/**
 * As Syncthing does with its usual settings: a file that changed is hashed when it stood still for five seconds, or after a minute; that is
 * looked at every ten seconds. Another machine gets it a second later, unless it has changed by then; it tries three times.
 */
export function watching(network: FolderNetwork): Carrier {
  const sides = network.names().map((name) => new Watched(network, name));
  return (second) => {
    for (const side of sides) side.step(second);
  };
}

interface Hashed {
  readonly path: string;
  readonly bytes: Content;
  readonly tries: number;
}

class Watched {
  readonly #network: FolderNetwork;
  readonly #name: string;
  readonly #seen = new Map<string, Content>();
  readonly #changes = new Map<string, Change>();
  /** What is about to be pulled, and how often that was tried. */
  #hashed: Hashed[] = [];
  #tick: number | undefined;

  constructor(network: FolderNetwork, name: string) {
    this.#network = network;
    this.#name = name;
  }

  step(second: number): void {
    this.#notice(second);
    this.#pull();
    if (this.#changes.size > 0) this.#tick ??= second + 10;
    if (second !== this.#tick) return;
    this.#tick = undefined;
    for (const [path, { first, last }] of this.#changes) {
      const isGone = this.#peek(path) === undefined;
      const stoodStill = second - last > 5 && !isGone;
      if (!stoodStill && second - first <= 60) continue;
      this.#changes.delete(path);
      this.#hashed.push({ path, bytes: this.#peek(path), tries: 0 });
    }
  }

  #peek(path: string): Content {
    return this.#network.disk(this.#name).peek(path)?.slice();
  }

  #notice(second: number): void {
    for (const path of new Set([...ownFiles(this.#network, this.#name), ...this.#seen.keys()])) {
      const bytes = this.#peek(path);
      if (isSame(bytes, this.#seen.get(path))) continue;
      this.#seen.set(path, bytes);
      const change = this.#changes.get(path);
      if (change === undefined) this.#changes.set(path, { first: second, last: second });
      else change.last = second;
    }
  }

  #pull(): void {
    const again: Hashed[] = [];
    for (const { path, bytes, tries } of this.#hashed) {
      const now = this.#peek(path);
      if (!isSame(now, bytes)) {
        if (tries < 2) again.push({ path, bytes: now, tries: tries + 1 });
        continue;
      }
      for (const other of this.#network.names()) {
        if (other === this.#name) continue;
        if (bytes === undefined) this.#network.disk(other).remove(path);
        else this.#network.disk(other).put(path, bytes);
      }
    }
    this.#hashed = again;
  }
}
