import { crc32 } from 'node:zlib';
import { CallCodec } from '../src/event/call-codec.js';
import type { Event } from '../src/event/event.js';
import { LineWriter } from '../src/event/line-writer.js';
import { UlidClock } from '../src/event/ulid-clock.js';
import { ClassTable } from '../src/model/class-table.js';
import { definitionOf } from '../src/model/prevalent.js';
import { type Call, Executor } from '../src/state/executor.js';
import { CallFactory } from '../src/timeline/call-factory.js';
import { type Base, fold } from '../src/timeline/fold.js';
import { genesisBase, type Timeline } from '../src/timeline/timeline.js';
import { Board } from './board.js';

const EPOCH = '01HZZZZZZZZZZZZZZZZZZZZZZZ';

/** The inner parts of a master of `Board`, to be measured one by one. */
export class Workshop {
  readonly definition = definitionOf(Board);
  readonly calls: CallFactory;
  readonly executor: Executor;
  readonly #clock = new UlidClock({ now: () => 1_700_000_000_000, random: () => 0.5, maxDrift: Infinity });

  constructor(root: Board) {
    const classes = new ClassTable(this.definition);
    this.calls = new CallFactory(this.definition, new CallCodec(this.definition, classes));
    this.executor = new Executor(this.definition, classes, {
      call: (definition, args, self) => definition.method.apply(self, args),
    });
    this.executor.replace(root);
  }

  /** One event per id, in rising order, by the given masters in turn. */
  events(tx: 'toggle' | 'remove', ids: readonly string[], masters: readonly string[] = ['laptop']): Event[] {
    return ids.map((id, index) => ({
      id: this.#clock.next(),
      master: masters[index % masters.length]!,
      epoch: EPOCH,
      seq: Math.floor(index / masters.length) + 1,
      model: this.definition.name,
      tx,
      txv: 1,
      args: [id],
      meta: null,
    }));
  }

  /** Calls that are ready to run. */
  ready(events: readonly Event[]): Call[] {
    return events.map((event) => this.calls.make(event));
  }

  /** The same calls as raw code: the method, the object, the arguments. */
  runRaw(calls: readonly Call[], root: Board): void {
    for (const call of calls) Reflect.apply(call.definition.method, root, call.args());
  }

  /** Events as journal lines. */
  lines(events: readonly Event[]): string[] {
    const writer = new LineWriter({ master: 'laptop', epoch: EPOCH }, this.definition.name, crc32);
    return events.map((event) => writer.line(event, JSON.stringify(event.args), 'null'));
  }

  /** Builds the state from `root`, the last `undoable` events with undo logs. */
  fold(root: Board, events: readonly Event[], undoable: number): Timeline {
    const base: Base = { ...genesisBase(), root: () => root };
    const undoMemory = { bytes: Infinity, keepAfter: (): undefined => undefined };
    return fold(this.executor, this.calls, base, events, { undoMemory, undoable });
  }
}
