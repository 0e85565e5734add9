import {
  DecoratorUsageError,
  ForeignTransactionError,
  MasterClosedError,
  type PrevalentError,
  ReadOnlyMasterError,
  TransactionInQueryError,
} from '../errors.js';
import { CallCodec } from '../event/call-codec.js';
import { type Event, eventKey, streamKey } from '../event/event.js';
import { UlidClock } from '../event/ulid-clock.js';
import { ClassTable } from '../model/class-table.js';
import type { ModelDefinition, TransactionDefinition, TransactionHost } from '../model/definition.js';
import { registry } from '../model/registry.js';
import type { Change } from '../state/change.js';
import { Executor } from '../state/executor.js';
import type { Seal } from '../store/frontier.js';
import { CallFactory } from '../timeline/call-factory.js';
import { type Base, fold, UNDOABLE_TAIL } from '../timeline/fold.js';
import type { Entry } from '../timeline/entry.js';
import { BEHIND_BASE, genesisBase, type Revision, Timeline, type VersionVector } from '../timeline/timeline.js';
import { describe } from './describe.js';
import { type EventFacts, Notifier } from './notifier.js';
import type { RecordedMeta, Recording, ReplicaOptions } from './recording.js';
import { mergeWatch, StateWatch } from './state-watch.js';
import { endOf, goesBeyond } from '../protocol/cut.js';
import { holdsAllOf } from '../protocol/seal.js';
import { reached } from '../protocol/vector.js';

/** What a merge did, and what the new events changed (only if somebody listens). */
export interface MergeOutcome extends Revision {
  readonly changes: ReadonlyMap<string, readonly Change[]>;
}

/** One master's state and its place in the merged history; everything here is synchronous. */
export class Replica implements TransactionHost {
  readonly definition: ModelDefinition;
  readonly classes: ClassTable;
  readonly executor: Executor;
  readonly calls: CallFactory;
  readonly clock: UlidClock;
  readonly notifier = new Notifier();
  readonly #options: ReplicaOptions;
  /** What is recorded with each call unless somebody acts through the master. */
  readonly #meta: RecordedMeta;
  #timeline: Timeline;
  #accepted = new Map<string, number>();
  readonly #lastIds = new Map<string, string>();
  #recording: Recording | undefined;
  #seq = 0;
  #refusal: PrevalentError | undefined;
  #querying = 0;
  #pins = 0;

  constructor(definition: ModelDefinition, options: ReplicaOptions) {
    this.definition = definition;
    this.#options = options;
    this.#meta = { text: options.meta, value: JSON.parse(options.meta) as unknown };
    this.classes = new ClassTable(definition);
    this.calls = new CallFactory(definition, new CallCodec(definition, this.classes));
    this.clock = new UlidClock({
      now: options.now,
      random: options.random,
      maxDrift: options.maxClockDrift,
      salt: options.name,
    });
    this.executor = new Executor(definition, this.classes, this, options.check);
    // Before anybody reads one, so that what readers change is found.
    if (options.check) this.executor.membrane.values.watch();
    this.#timeline = new Timeline(this.executor, this.calls, this.#undoMemory(), genesisBase());
  }

  get timeline(): Timeline {
    return this.#timeline;
  }

  /** How many events of each stream the state contains. */
  get accepted(): ReadonlyMap<string, number> {
    return this.#accepted;
  }

  /** The last accepted id of each stream, as far as known. */
  get lastIds(): ReadonlyMap<string, string> {
    return this.#lastIds;
  }

  /** Why no calls are taken; `undefined` while they are. */
  get refusal(): PrevalentError | undefined {
    return this.#refusal;
  }

  /** From now on calls are recorded in this stream; told again when it is another one. */
  attach(recording: Recording): void {
    this.#recording = recording;
    this.#seq = recording.last?.seq ?? 0;
  }

  /** From now on calls are refused with this error; the first reason stays, unless the master is closed. */
  refuse(error: PrevalentError): void {
    if (this.#refusal === undefined || error instanceof MasterClosedError) this.#refusal = error;
  }

  /** Nothing becomes impossible to undo while `work` runs. */
  async pinned<T>(work: () => Promise<T>): Promise<T> {
    this.#pins++;
    try {
      return await work();
    } finally {
      this.#pins--;
    }
  }

  /** Reads the raw model; inside a transaction of it the guarded one, because its raw objects must not get out. */
  query<T>(read: (model: never) => T): T {
    if (this.#refusal instanceof MasterClosedError) throw this.#refusal;
    if (this.executor.running) return read(this.executor.model as never);
    this.#querying++;
    try {
      return read(this.executor.raw as never);
    } finally {
      this.#querying--;
    }
  }

  call(definition: TransactionDefinition, args: unknown[], self: object, meta = this.#meta): unknown {
    if (this.executor.running) return definition.method.apply(self, args);
    this.#checkCall(definition, self);
    const recording = this.#recording;
    if (recording === undefined) throw new MasterClosedError('The master is not open yet');
    if (recording.busy !== undefined) throw recording.busy;
    const id = this.clock.next();
    const encoded = this.calls.record(definition, args, id);
    const { master, epoch } = recording.header;
    const event: Event = {
      id,
      master,
      epoch,
      seq: this.#seq + 1,
      model: this.definition.name,
      tx: definition.name,
      txv: definition.version,
      args: encoded.args,
      meta: meta.value,
    };
    const { result, entry } = this.#timeline.call(event, this.#options.check);
    this.#seq = event.seq;
    this.#accepted.set(recording.key, event.seq);
    recording.record(event, encoded.text, meta.text);
    // Before listeners run: they may call, and change what there is to describe.
    const told = this.notifier.wants('event')
      ? { ...this.describe(entry), changes: this.#changesOf(entry) }
      : undefined;
    const state = this.#stateWatch();
    state?.ran(entry);
    state?.end();
    this.notifier.flush();
    this.notifier.changed();
    if (told !== undefined) this.notifier.tell('event', told);
    recording.recorded();
    return result;
  }

  /**
   * Puts accepted events in their places, and takes out what no longer counts. `BEHIND_BASE` asks for a rebuild; nothing has
   * changed then.
   *
   * @param ended streams that end, with how many of their events count
   */
  merge(events: readonly Event[], ended: VersionVector = new Map()): MergeOutcome | typeof BEHIND_BASE {
    const changes = new Map<string, Change[]>();
    const added = this.notifier.wants('event')
      ? (entry: Entry): void => void changes.set(entry.event.id, this.#changesOf(entry))
      : undefined;
    const state = this.#stateWatch();
    // All entries are looked through only if something is dead: there may be very many.
    const dead = goesBeyond(this.#accepted, ended)
      ? this.#timeline.entries.map(({ event }) => event).filter((event) => event.seq > endOf(ended, streamKey(event)))
      : [];
    const revision = this.#timeline.revise(events, new Set(dead.map(eventKey)), mergeWatch(added, state));
    if (revision === BEHIND_BASE) return BEHIND_BASE;
    state?.end();
    for (const event of dead) {
      this.#accepted.set(streamKey(event), endOf(ended, streamKey(event)));
      this.#lastIds.delete(streamKey(event));
    }
    this.#noteAccepted(events);
    return { ...revision, changes };
  }

  /** Replaces the whole state by one built from a base and the events after it; what is sealed keeps nothing that undoes it. */
  rebuild(base: Base, events: readonly Event[], seal: Seal | undefined): void {
    const progress = (done: number): void => {
      this.#options.onProgress(done, events.length);
    };
    try {
      const undoMemory = this.#undoMemory();
      const refusable = this.#refusableAfter();
      // What the store may still refuse must stay possible to undo.
      const first = refusable === undefined ? -1 : events.findIndex(({ id }) => id > refusable);
      const undoable = Math.max(UNDOABLE_TAIL, first < 0 ? 0 : events.length - first);
      // If nothing that the seal names is missing, nothing will come before it any more.
      const final = seal !== undefined && holdsAllOf(seal, reached(base.vector, events)) ? { final: seal.H } : {};
      this.#timeline = fold(this.executor, this.calls, base, events, { undoMemory, progress, undoable, ...final });
    } catch (error) {
      // The state is neither the old nor the new one: nothing may be called on it, saved of it, or merged into it.
      this.#timeline.stop(error as PrevalentError);
      throw error;
    }
    for (const [key, count] of base.vector) {
      const name = base.names?.get(key);
      if (name !== undefined) this.#lastIds.set(key, name);
      else if (this.#accepted.get(key) !== count) this.#lastIds.delete(key);
    }
    this.#accepted = new Map(base.vector);
    this.#noteAccepted(events);
    this.#stateWatch()?.replaced(events.map(({ id }) => id));
  }

  /** Takes back this master's calls after its `durable` last event, because the store refused them. */
  dropAfter(durable: number): readonly string[] {
    const key = this.#recording?.key;
    const lost = this.#timeline.entries
      .filter(({ event }) => streamKey(event) === key && event.seq > durable)
      .map(({ event }) => event);
    const state = this.#stateWatch();
    if (this.#timeline.revise([], new Set(lost.map(eventKey)), state) === BEHIND_BASE)
      throw new Error('Calls that are not durable can no longer be taken back');
    state?.end();
    this.notifier.flush();
    if (key !== undefined) this.#accepted.set(key, durable);
    if (lost.length > 0) this.notifier.changed();
    return lost.map(({ id }) => id);
  }

  /** An event as users see it. */
  describe(entry: Entry): EventFacts {
    return describe(this.calls, entry);
  }

  /** What writes down a change of the state, if somebody listens. */
  #stateWatch(): StateWatch | undefined {
    return this.notifier.wants('state') ? new StateWatch(this.executor, this.notifier) : undefined;
  }

  #changesOf({ undo }: Entry): Change[] {
    return undo === undefined ? [] : this.executor.changesOf(undo);
  }

  #checkCall(definition: TransactionDefinition, self: object): void {
    if (self === this.executor.raw || this.#querying > 0) {
      throw new TransactionInQueryError(
        `The transaction ${definition.name} was called inside query(), which only reads. Call it on master.model.`,
      );
    }
    if (this.definition.transactions.get(definition.name) !== definition) {
      throw new DecoratorUsageError(
        `${definition.name} was called past the model's own transaction of that name: an override hides it (call the override), or another decorator stands above @Transaction (put @Transaction on top).`,
      );
    }
    if (registry.running !== undefined) {
      throw new ForeignTransactionError(
        `The transaction ${definition.name} was called inside a transaction of another master; its replay would call it again. Call it after that transaction.`,
      );
    }
    const refusal = this.#refusal;
    if (refusal instanceof MasterClosedError) throw refusal;
    if (refusal !== undefined)
      throw new ReadOnlyMasterError(`The master "${this.#options.name}" takes no calls: ${refusal.message}`, {
        cause: refusal,
      });
  }

  #noteAccepted(events: readonly Event[]): void {
    for (const [index, event] of events.entries()) {
      const next = events[index + 1];
      // Of several in a row only the last one is news.
      if (next !== undefined && next.epoch === event.epoch && next.master === event.master) continue;
      const key = streamKey(event);
      this.#accepted.set(key, event.seq);
      this.#lastIds.set(key, event.id);
      this.clock.observe(event.id);
    }
  }

  #undoMemory(): { bytes: number; keepAfter: () => string | undefined } {
    return {
      bytes: this.#options.undoMemory,
      keepAfter: () => {
        return this.#pins > 0 ? '' : this.#refusableAfter();
      },
    };
  }

  /** Own events with greater ids may still be refused by the store; `undefined` if there are none. */
  #refusableAfter(): string | undefined {
    const recording = this.#recording;
    if (recording === undefined || recording.last?.seq === recording.durable?.seq) return undefined;
    return recording.durable?.id ?? '';
  }
}
