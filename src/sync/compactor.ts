import type { CompactOptions } from '../protocol/facts.js';
import { decideSeal } from '../protocol/sealing.js';
import type { Heard } from '../protocol/seen.js';
import { decideShedding, type Shedding } from '../protocol/shedding.js';
import type { Seal } from '../store/frontier.js';
import type { Act } from './act.js';
import type { History } from './history.js';
import type { Known } from './known.js';
import type { Look } from './look.js';

/** What `compact()` did. */
export interface CompactReport {
  /** The seal in force; `undefined` if nothing could be sealed yet. */
  readonly seal: Seal | undefined;
  /** Which masters had which seal before. */
  readonly holders: readonly { readonly master: string; readonly no: number; readonly by: string }[];
  /** Bytes of this master's files that were deleted. */
  readonly freed: number;
  /** Why nothing was sealed or deleted, or not more: a stream that is waited for, events that have not arrived. */
  readonly waiting: readonly string[];
}

/** Makes seals, and deletes what a snapshot at a seal replaces. */
export class Compactor {
  readonly #known: Known;
  readonly #look: Look;
  readonly #act: Act;
  readonly #history: History;

  constructor(known: Known, look: Look, act: Act, history: History) {
    this.#known = known;
    this.#look = look;
    this.#act = act;
    this.#history = history;
  }

  /**
   * After a sync: seals if this master is the sealer and it is time, and deletes what is worth it.
   *
   * @param asked what an operator asked for; `undefined` in an ordinary sync
   */
  async run(heard: readonly Heard[], asked: CompactOptions | undefined): Promise<CompactReport> {
    await this.#act.rotate();
    const sealing = await this.#look.until(
      heard,
      (seen) => decideSeal(this.#act.facts(asked), seen, this.#known.holds),
      (decided) => {
        this.#known.sealed(decided);
        return decided;
      },
    );
    await this.#act.seal(sealing);
    const { freed, waiting } = await this.#shed(heard, asked);
    return { seal: this.#known.seal, holders: holdersIn(heard), freed, waiting: [...sealing.waiting, ...waiting] };
  }

  async #shed(
    heard: readonly Heard[],
    asked: CompactOptions | undefined,
  ): Promise<{ readonly freed: number; readonly waiting: readonly string[] }> {
    let shedding = await this.#decided(heard, asked);
    const waiting = [...shedding.waiting];
    if (shedding.offer !== undefined) {
      const at = await this.#history.pastAt(shedding.offer);
      if ('why' in at) waiting.push(at.why);
      else {
        await this.#act.offer(shedding.offer, at.past);
        shedding = await this.#decided(heard, asked);
      }
    }
    return { freed: await this.#act.delete(shedding.deletions), waiting };
  }

  #decided(heard: readonly Heard[], asked: CompactOptions | undefined): Promise<Shedding> {
    return this.#look.until(
      heard,
      (seen) => decideShedding(this.#act.facts(asked), seen),
      (shedding) => {
        this.#act.forget(shedding);
        return shedding;
      },
    );
  }
}

function holdersIn(heard: readonly Heard[]): CompactReport['holders'] {
  return heard.flatMap(({ stream, frontier }) =>
    frontier?.seal === undefined ? [] : [{ master: stream.master, no: frontier.seal.no, by: frontier.seal.by }],
  );
}
