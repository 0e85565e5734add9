import { isDeepStrictEqual } from 'node:util';
import type { ModelReader } from '../model/deep-readonly.js';
import type { ModelClass } from '../model/definition.js';
import { MemoryStore } from '../store/memory/memory-store.js';
import type { MergedEvent } from '../replica/notifier.js';
import { testMaster } from './test-master.js';

/** What a scenario ended with. */
export interface ScenarioEnd<M extends object> {
  /** Checks something about the model; throws what `check` throws. */
  expect(check: (model: M) => void): ScenarioEnd<M>;
  /** The events that were recorded, in order. */
  readonly events: readonly MergedEvent<M>[];
  /** The error that the last step of `when` threw. */
  readonly error: unknown;
}

/** The steps of a scenario. */
export interface Scenario<M extends object> {
  /** What happened before. */
  given(...steps: ModelReader<M, unknown>[]): Scenario<M>;
  /** What is tested; an error it throws is kept in `error`, and the model must then be as before. */
  when(step: ModelReader<M, unknown>): Promise<ScenarioEnd<M>>;
}

/**
 * Tests a model through a real master: given these calls, when this one is made, then the model looks so. After `when` the
 * whole history is replayed on a second master; if that one ends in another state, the model is not deterministic.
 *
 * @param Model the class with `@Prevalent`
 * @example
 * ```ts
 * import { Prevalent, Transaction } from 'prevalent';
 * import { scenario } from 'prevalent/testing';
 *
 * @Prevalent('counter-of-scenario-docs')
 * class Counter {
 *   value = 0;
 *   @Transaction() add(by: number): void { this.value += by; }
 * }
 *
 * const end = await scenario(Counter).given((counter) => counter.add(1)).when((counter) => counter.add(2));
 * end.expect((counter) => { if (counter.value !== 3) throw new Error('not 3'); });
 * ```
 */
export function scenario<M extends object>(Model: ModelClass<M>): Scenario<M> {
  const before: ModelReader<M, unknown>[] = [];
  return {
    given(...steps) {
      before.push(...steps);
      return this;
    },
    when: (step) => run(Model, before, step),
  };
}

async function run<M extends object>(
  Model: ModelClass<M>,
  before: readonly ModelReader<M, unknown>[],
  step: ModelReader<M, unknown>,
): Promise<ScenarioEnd<M>> {
  const store = new MemoryStore();
  await using master = await testMaster(Model, { name: 'first', store });
  for (const one of before) one(master.model);
  let error: unknown;
  try {
    step(master.model);
  } catch (thrown) {
    error = thrown;
  }
  await master.sync();
  await using replayed = await testMaster(Model, { name: 'second', store });
  const state = master.query((model) => structuredClone(plain(model)));
  if (
    !isDeepStrictEqual(
      state,
      replayed.query((model) => structuredClone(plain(model))),
    )
  ) {
    throw new Error(`${Model.name} is not deterministic: replaying the same calls gives another state`);
  }
  const events: MergedEvent<M>[] = [];
  for await (const event of master.events()) events.push(event);
  const model = await master.at(new Date(8.64e15));
  const end: ScenarioEnd<M> = {
    expect(check) {
      check(model);
      return end;
    },
    events,
    error,
  };
  return end;
}

// structuredClone keeps everything but classes, which is enough to compare two states of one model.
function plain(model: object): object {
  return { ...model };
}
