/**
 * Runs the same calls in every way a master may run them: live, late (undo, insert, redo), at a start with and without a
 * snapshot, on a newcomer, behind a seal, in `at()`, and twice (`check: 'replay'`). All must end alike.
 */
import { types } from 'node:util';
import { Master, type MasterOptions, MemoryStore } from '../src/index.js';
import type { ModelClass } from '../src/model/definition.js';
import { textOf } from '../src/state/thrown.js';
import { graphText, sameGraph } from './property/state-graph.js';

type CallOf<M> = (model: M) => unknown;

/** What is called, and by whom. */
export interface Play<M> {
  /** Calls of a master that nobody hears of until all others are made; they come first in the order. */
  readonly early?: readonly CallOf<M>[];
  readonly calls: readonly CallOf<M>[];
  /** What is asked of every state, guarded and raw, beside what it holds: what objects outside of it are to it. */
  readonly ask?: CallOf<M>;
}

/** How it ended, the same in every way. */
export interface Ending {
  /** The whole state as text: identity, classes, order and attributes included. */
  readonly state: string;
  /** What became of each event, in order: the transaction, and the error's text if it was rejected. */
  readonly outcomes: readonly { readonly transaction: string; readonly error: string | undefined }[];
}

const HOUR = 3_600_000;
const END = new Date(8.64e15);

/** Machines that share a store and a clock that moves only between calls. */
class Machines<M extends object> {
  time = Date.UTC(2026, 0, 1);
  readonly #Model: ModelClass<M>;
  readonly #ask: CallOf<M>;
  readonly #store = new MemoryStore();

  constructor(Model: ModelClass<M>, { ask = () => undefined }: Play<M>) {
    this.#Model = Model;
    this.#ask = ask;
  }

  /** A state as text, with what it answers. */
  textOf(model: M): string {
    return `${graphText(model)}\n${JSON.stringify(this.#ask(model))}`;
  }

  stateOf(master: Master<M>): string {
    const answers = [
      JSON.stringify(this.#ask(master.model as M)),
      master.query((raw) => JSON.stringify(this.#ask(raw as M))),
    ];
    sameGraph(answers[0] as string, answers[1] as string, 'guarded and raw');
    return master.query((raw) => this.textOf(raw as M));
  }

  async endingOf(master: Master<M>): Promise<Ending> {
    const outcomes: { transaction: string; error: string | undefined }[] = [];
    for await (const { transaction, error } of master.events()) outcomes.push({ transaction, error });
    return { state: this.stateOf(master), outcomes };
  }

  open(name: string, options: Partial<MasterOptions> = {}): Promise<Master<M>> {
    const store = this.#store;
    const now = (): number => this.time;
    return Master.open(this.#Model, { name, store, now, snapshotEvery: 1e9, retention: 0, patience: HOUR, ...options });
  }

  /** A master is opened, looked at and closed. */
  async visit<T>(
    name: string,
    look: (master: Master<M>) => Promise<T>,
    options: Partial<MasterOptions> = {},
  ): Promise<T> {
    const master = await this.open(name, options);
    try {
      return await look(master);
    } finally {
      await master.close();
    }
  }

  /** Makes each call, a moment after the one before; gives those that did not throw. */
  make(master: Master<M>, calls: readonly CallOf<M>[]): CallOf<M>[] {
    return calls.filter((call) => {
      this.time += 10;
      try {
        call(master.model as M);
        return true;
      } catch {
        return false;
      }
    });
  }
}

function same(way: string, actual: Ending, expected: Ending): void {
  sameGraph(actual.state, expected.state, way);
  sameGraph(outcomeText(actual), outcomeText(expected), `${way}: outcomes`);
}

const outcomeText = ({ outcomes }: Ending): string =>
  outcomes.map(({ transaction, error }) => `${transaction} ${error ?? 'applied'}`).join('\n');

/** Runs the calls in every way. Gives how all of them ended. @throws Error that names the way that ended otherwise */
export async function everyWay<M extends object>(Model: ModelClass<M>, play: Play<M>): Promise<Ending> {
  const machines = new Machines(Model, play);
  // Both are open before anything happens, so that they hear of each other only in a sync.
  const [a, b] = [await machines.open('a'), await machines.open('b')];
  const early = machines.make(b, play.early ?? []);
  await b.snapshot();
  const calls = machines.make(a, play.calls);
  const live = machines.stateOf(a);
  for (const master of [b, a, b]) await master.sync();
  const expected = await machines.endingOf(a);
  if (early.length === 0) sameGraph(live, expected.state, 'live');
  same('behind the calls of another', await machines.endingOf(b), expected);
  sameGraph(machines.textOf(await a.at(END)), expected.state, 'at()');
  await Promise.all([a.close(), b.close()]);

  await machines.visit('a', async (master) => {
    same('from the journals', await machines.endingOf(master), expected);
    await master.snapshot();
  });
  const look = (way: string) => async (master: Master<M>) => {
    same(way, await machines.endingOf(master), expected);
  };
  await machines.visit('a', look('from a snapshot of all'));
  await machines.visit('b', look('from a snapshot of the first, and the calls after it'));
  await machines.visit('c', look('a newcomer'));
  machines.time += 2 * HOUR;
  const sealed = await machines.visit(
    's',
    async (master) => {
      await master.sync();
      return (await master.status()).seal;
    },
    { sealer: true },
  );
  if ((sealed?.no ?? 0) === 0 && calls.length > 0) throw new Error('nothing was sealed');
  await machines.visit('d', look('a newcomer behind a seal'));

  const ordered = { ...play, calls: [...early, ...calls] };
  await inOrder(Model, ordered, expected, {});
  await inOrder(Model, ordered, expected, { check: 'replay' });
  return expected;
}

/** Makes the calls on one master in their final order: those that were rejected throw, with the same text. */
async function inOrder<M extends object>(
  Model: ModelClass<M>,
  play: Play<M>,
  { state, outcomes }: Ending,
  options: Partial<MasterOptions>,
): Promise<void> {
  const way = `in order, ${JSON.stringify(options)}`;
  const machines = new Machines(Model, play);
  await machines.visit(
    'a',
    async (master) => {
      play.calls.forEach((call, index) => {
        const recorded = outcomes[index]?.error;
        let error: string | undefined;
        try {
          call(master.model as M);
        } catch (thrown) {
          // A message that is computed belongs to the moment of the throw.
          error = isComputed(thrown) ? recorded : textOf(thrown);
        }
        sameGraph(error ?? 'applied', recorded ?? 'applied', `${way}: outcome of call ${index}`);
      });
      sameGraph(machines.stateOf(master), state, way);
    },
    options,
  );
}

function isComputed(thrown: unknown): boolean {
  return (
    !types.isProxy(thrown) &&
    thrown instanceof Object &&
    Object.getOwnPropertyDescriptor(thrown, 'message')?.get !== undefined
  );
}
