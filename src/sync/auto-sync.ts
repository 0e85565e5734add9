import type { Notifier } from '../replica/notifier.js';
import type { Store } from '../store/store.js';

/** After a change was seen, more are waited for so long (ms): files arrive in groups. */
const GATHER_MS = 50;

/** Changes of which nothing comes are looked at no more often than this (ms), in the end. */
const NOISE_MS = 2_000;

/** When to sync. */
export interface AutoSyncPlan {
  /** At least so often (ms). */
  readonly everyMs: number;
  /** Also when the store tells of changes. */
  readonly watch: boolean;
}

/** When to sync, and as whom. */
export interface AutoSyncOptions extends AutoSyncPlan {
  /** The master that syncs: what it writes itself is no change. */
  readonly name: string;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

/** What syncs once, and tells whether anything came of it. */
export interface Syncing {
  syncForNews(): Promise<boolean>;
}

/**
 * Syncs again and again, never two at once: at intervals, and soon after the store tells of changes. A failed sync, or a
 * watcher that fails, is reported, and syncing at intervals goes on. Until it is stopped, its timer keeps the process alive.
 */
export class AutoSync {
  readonly #options: AutoSyncOptions;
  readonly #store: Store;
  readonly #engine: Syncing;
  readonly #notifier: Pick<Notifier, 'tell'>;
  #interval: ReturnType<typeof setTimeout> | undefined;
  #soon: ReturnType<typeof setTimeout> | undefined;
  readonly #start: ReturnType<typeof setTimeout> | undefined;
  #watching: Promise<(() => Promise<void>) | undefined> | undefined;
  #syncing = false;
  #changed = false;
  /** How often in a row something changed and nothing came of it. */
  #idle = 0;
  #stopped = false;

  constructor(options: AutoSyncOptions, store: Store, engine: Syncing, notifier: Pick<Notifier, 'tell'>) {
    this.#options = options;
    this.#store = store;
    this.#engine = engine;
    this.#notifier = notifier;
    this.#scheduleInterval();
    // Not at once: whoever opened the master has to get hold of it first, to listen to errors.
    if (options.watch && store.watch !== undefined)
      this.#start = setTimeout(() => {
        this.#watching = this.#watch();
      }, 0);
  }

  /** No sync begins after this. Resolves when nothing is watched any more. */
  async stop(): Promise<void> {
    this.#stopped = true;
    for (const timer of [this.#start, this.#interval, this.#soon]) clearTimeout(timer);
    await (
      await this.#watching
    )?.();
  }

  async #watch(): Promise<(() => Promise<void>) | undefined> {
    try {
      return await this.#store.watch?.(this.#options.name, {
        changed: () => {
          this.#onChange();
        },
        failed: (error) => {
          this.#report(error);
        },
      });
    } catch (error) {
      this.#report(error);
      return undefined;
    }
  }

  #onChange(): void {
    if (this.#stopped || this.#changed) return;
    this.#changed = true;
    if (!this.#syncing) this.#scheduleSoon();
  }

  // A store that keeps changing without news (clocks told, files touched) is looked at ever less often: else two masters
  // could keep each other syncing for ever.
  #scheduleSoon(): void {
    const delay = Math.min(GATHER_MS * 2 ** this.#idle, this.#options.everyMs, NOISE_MS);
    this.#soon = this.#after(delay);
  }

  #scheduleInterval(): void {
    this.#interval = this.#after(this.#options.everyMs);
  }

  // A fifth of jitter, so that many masters on one drive do not stay in step.
  #after(ms: number): ReturnType<typeof setTimeout> {
    return setTimeout(
      () => {
        void this.#sync();
      },
      ms * (0.8 + 0.4 * this.#options.random()),
    );
  }

  async #sync(): Promise<void> {
    clearTimeout(this.#interval);
    clearTimeout(this.#soon);
    const wasChanged = this.#changed;
    this.#syncing = true;
    this.#changed = false;
    try {
      const isNews = await this.#engine.syncForNews();
      this.#idle = wasChanged && !isNews ? this.#idle + 1 : 0;
    } catch (error) {
      this.#report(error);
    }
    this.#syncing = false;
    this.#scheduleNext();
  }

  #scheduleNext(): void {
    if (this.#stopped) return;
    this.#scheduleInterval();
    if (this.#changed) this.#scheduleSoon();
  }

  // What is cut short by closing is no news.
  #report(error: unknown): void {
    if (!this.#stopped) this.#notifier.tell('error', error as Error);
  }
}
