import { randomUUID } from 'node:crypto';
import { isGone } from './refusals.js';
import type { Link } from './link.js';
import type { ObjectRecord } from './master-record.js';
import { Messages } from './messages.js';
import { objectsOf } from './streams.js';

/** Snapshots are cut into messages of so many bytes. */
const CHUNK_BYTES = 512 * 1024;

/** Objects of the bucket. Each is written once, under a name that no other one ever has. */
export class StoredObjects {
  readonly #link: Link;
  readonly #messages: Messages;

  constructor(link: Link) {
    this.#link = link;
    this.#messages = new Messages(link, objectsOf(link.settings.stream));
  }

  /** A name for a new object, by which people find what it is. */
  name(...parts: string[]): string {
    return [this.#link.settings.space, ...parts, randomUUID()].join('/');
  }

  /** Writes one; gives how it is found. If that fails, a part of it may be there. */
  async write(name: string, chunks: AsyncIterable<Uint8Array>): Promise<ObjectRecord> {
    const source = new Source(chunks);
    const { timeLimit } = this.#link.settings;
    try {
      const { size, nuid } = await this.#link.call(({ objects }) =>
        objects.put({ name, options: { max_chunk_size: CHUNK_BYTES } }, source.stream, { timeout: timeLimit }),
      );
      return { object: name, chunks: nuid, bytes: size };
    } catch (error) {
      // What the snapshot itself fails with is no failure of the servers.
      throw source.failure === undefined ? error : source.failure.error;
    }
  }

  /**
   * Reads one, chunk by chunk: the package's own reader would wait for ever where chunks are removed meanwhile.
   *
   * @throws Error if it is not there, or is removed meanwhile
   */
  async *read({ object, chunks, bytes }: ObjectRecord): AsyncGenerator<Uint8Array> {
    const subject = `$O.${this.#link.settings.stream}.C.${chunks}`;
    let [left, next] = [bytes, 1];
    while (left > 0) {
      const chunk = await this.#messages.next(subject, next);
      if (chunk === undefined) throw new Error(`The object ${object} was removed`);
      left -= chunk.data.length;
      next = chunk.seq + 1;
      yield chunk.data;
    }
  }

  writeText(name: string, text: string): Promise<ObjectRecord> {
    return this.write(name, once(new TextEncoder().encode(text)));
  }

  async text(object: ObjectRecord): Promise<string> {
    const chunks: Uint8Array[] = [];
    for await (const chunk of this.read(object)) chunks.push(chunk);
    return new TextDecoder().decode(Buffer.concat(chunks));
  }

  /** Removes one, also if it is gone already. Nothing is left of it, not even a note that it was there. */
  async remove(name: string): Promise<void> {
    await this.#link.call(async ({ objects }) => {
      try {
        await objects.delete(name);
      } catch (error) {
        if (!isGone(error)) throw error;
      }
    });
    const encoded = Buffer.from(name).toString('base64').replaceAll('+', '-').replaceAll('/', '_');
    await this.#messages.purge(`$O.${this.#link.settings.stream}.M.${encoded}`);
  }
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

/** What the package reads from, and why it failed. */
class Source {
  readonly stream: ReadableStream<Uint8Array>;
  failure: { readonly error: unknown } | undefined;

  constructor(chunks: AsyncIterable<Uint8Array>) {
    const iterator = chunks[Symbol.asyncIterator]();
    this.stream = new ReadableStream({
      pull: async (controller) => {
        try {
          const next = await iterator.next();
          if (next.done === true) controller.close();
          // Its memory is the writer's again once the next one is asked for.
          else controller.enqueue(next.value.slice());
        } catch (error) {
          this.failure = { error };
          controller.error(error);
        }
      },
    });
  }
}
