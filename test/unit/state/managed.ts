import { ClassTable } from '../../../src/model/class-table.js';
import type { ModelClass, TransactionDefinition } from '../../../src/model/definition.js';
import { definitionOf } from '../../../src/model/prevalent.js';
import { Executor } from '../../../src/state/executor.js';
import type { UndoLog } from '../../../src/state/undo-log.js';

/** A model under a membrane, on which any function can run as a transaction. */
export class Managed<M extends object> {
  readonly executor: Executor;
  readonly classes: ClassTable;
  #calls = 0;

  constructor(Model: ModelClass<M>) {
    const definition = definitionOf(Model);
    this.classes = new ClassTable(definition);
    this.executor = new Executor(definition, this.classes, {
      call: (called, args, self) =>
        this.executor.running ? called.method.apply(self, args) : this.#run(called, args).result,
    });
  }

  /** The guarded model. */
  get model(): M {
    return this.executor.model as M;
  }

  /** The raw model. */
  get raw(): M {
    return this.executor.raw as M;
  }

  /** Runs a function as a transaction; gives its guarded result. */
  transact<T>(body: (model: M) => T): T {
    return this.apply(body).result as T;
  }

  /** Runs a function as a transaction; gives its result and what takes it back. */
  apply(body: (model: M) => unknown): { result: unknown; undo: UndoLog } {
    return this.#run({ ...BODY, method: body as never }, [this.model]);
  }

  /** Takes back what transactions did, given oldest first. */
  undo(...logs: UndoLog[]): void {
    for (const log of logs.reverse()) this.executor.undo(log);
    this.executor.endRewind();
  }

  #run(definition: TransactionDefinition, args: unknown[]): { result: unknown; undo: UndoLog } {
    const id = `01J0000000${String(++this.#calls).padStart(16, '0')}`;
    return this.executor.apply({
      definition,
      args: () => args,
      origin: id,
      transaction: { id, time: 0, master: 'test', meta: null },
    });
  }
}

const BODY: TransactionDefinition = {
  name: 'test',
  aliases: [],
  version: 1,
  upcast: {},
  property: 'test',
  method: () => undefined,
  args: undefined,
};
