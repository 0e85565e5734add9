import { streamKey } from '../event/envelope.js';
import { ULID_MIN } from '../event/ulid.js';
import { modelHash } from '../model/model-hash.js';
import { encodeFrontier } from '../store/frontier.js';
import type { GroupCommit } from '../store/group-commit.js';
import type { Journal, Store } from '../store/store.js';
import type { Replica } from './replica.js';

/** Publishes this master's frontier: how far others may read its stream, and what it promises. */
export class Publisher {
  readonly #replica: Replica;
  readonly #journal: Journal;
  readonly #store: Store;
  readonly #commit: GroupCommit;
  #published = 0;
  #last = '';

  constructor(replica: Replica, journal: Journal, store: Store, commit: GroupCommit) {
    this.#replica = replica;
    this.#journal = journal;
    this.#store = store;
    this.#commit = commit;
  }

  /** Number of the last event that others may read. */
  get published(): number {
    return this.#published;
  }

  /** Publishes what is durable, if there is anything new to say. */
  async publish(): Promise<void> {
    const { clock, accepted, definition } = this.#replica;
    const head = this.#commit.durable;
    // Of the others: of its own stream the head tells what is durable.
    const seen = Object.fromEntries([...accepted].filter(([key]) => key !== streamKey(this.#journal.header)));
    const news = JSON.stringify([head, seen]);
    if (news === this.#last) return;
    // The promise must stay below every call that is not durable yet.
    const promise = head?.seq === this.#commit.last?.seq ? clock.promise() : (head?.id ?? ULID_MIN);
    const { session } = this.#journal.header;
    const frontier = encodeFrontier(
      { clock: promise, head, session, modelHash: modelHash(definition), seen },
      this.#store.crc32,
    );
    await this.#journal.publish(frontier, head);
    this.#last = news;
    this.#published = head?.seq ?? 0;
  }
}
