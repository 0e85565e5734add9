import { type StreamHeader, streamKey } from '../event/envelope.js';
import type { PrevalentError } from '../errors.js';
import { type Durability, GroupCommit } from '../store/group-commit.js';
import type { Head, Journal } from '../store/store.js';

/** The stream this master writes: its journal and what goes there. After a cut it is another one. */
export class OwnStream {
  readonly #durability: Durability;
  readonly #onFailure: (error: PrevalentError) => void;
  #journal: Journal;
  #commit: GroupCommit;

  constructor(journal: Journal, durability: Durability, onFailure: (error: PrevalentError) => void) {
    this.#durability = durability;
    this.#onFailure = onFailure;
    this.#journal = journal;
    this.#commit = new GroupCommit(journal, durability, onFailure);
  }

  get journal(): Journal {
    return this.#journal;
  }

  get commit(): GroupCommit {
    return this.#commit;
  }

  get header(): StreamHeader {
    return this.#journal.header;
  }

  /** The stream's key, `master@epoch`. */
  get key(): string {
    return streamKey(this.#journal.header);
  }

  /**
   * Goes on with another stream, before it returns. Everything that waited for the disk is in `lines` and durable then.
   *
   * @param lines the first events of the new stream, the last of which is `head`
   * @throws what the disk refuses; whether the stream was begun is not known then
   */
  succeed(header: StreamHeader, lines: string, head: Head): { readonly left: Journal } {
    const left = this.#journal;
    this.#journal = left.succeed(header, lines, head);
    this.#commit.retire();
    this.#commit = new GroupCommit(this.#journal, this.#durability, this.#onFailure);
    return { left };
  }
}
