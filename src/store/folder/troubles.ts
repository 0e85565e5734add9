import type { StreamId } from '../../event/event.js';
import { accessOf } from './access.js';
import { isUnreadable } from './file-system.js';
import { streamDirectory } from './layout.js';

/** A link, or another thing that no master writes: it is no data. */
const NO_FILE = /^(ELOOP|ENOTDIR|EFTYPE)$/;

/** Which files of others were refused when they were last read. They hold their own stream, and stop nobody. */
export class Troubles {
  /** By path, the system's code for the reason, and whose it is where that is the reason. */
  readonly #reasons = new Map<string, string>();

  /** What `work` gives; `otherwise` if the system refuses it, whatever its reason. @param path the file or directory that is read */
  async contain<T>(path: string, work: Promise<T>, otherwise: T): Promise<T> {
    try {
      const result = await work;
      this.#reasons.delete(path);
      return result;
    } catch (error) {
      if (!isUnreadable(error)) throw error;
      const { code } = error as { code: string };
      const access = accessOf(error);
      if (!NO_FILE.test(code)) this.#reasons.set(path, access === undefined ? code : `${code}: ${access}`);
      return otherwise;
    }
  }

  /** Whether this very file or directory was refused. */
  has(path: string): boolean {
    return this.#reasons.has(path);
  }

  /** Of a stream or its master's folder, in words. */
  of(root: string, stream: StreamId): string | undefined {
    const directory = `${streamDirectory(root, stream)}/`;
    const folder = `${root}/${stream.master}`;
    const found = [...this.#reasons].find(([path]) => path === folder || `${path}/`.startsWith(directory));
    return found && `${found[0]} cannot be read (${found[1]})`;
  }

  /** Forgets all: what is still refused is found again by whoever reads it. */
  clear(): void {
    this.#reasons.clear();
  }
}
