/** Objects with an identity: the same one live, on every replay, after a snapshot. */
import { Master, MemoryStore, Prevalent, Transaction } from '../../../src/index.js';
import { graphText } from '../../property/state-graph.js';
import { everyWay, type Play } from '../../every-way.js';

class Status {
  static readonly OPEN = new Status('open', { by: ['desk'] });
  static readonly DONE = new Status('done', { by: ['phone', 'desk'] });
  static readonly ALL = [Status.OPEN, Status.DONE];
  readonly isOpen = (): boolean => (this as Status) === Status.OPEN;
  constructor(
    readonly label: string,
    readonly owner: { by: string[] },
  ) {}
  next(): Status {
    return this === Status.OPEN ? Status.DONE : Status.OPEN;
  }
}

const PRIORITY = { low: { rank: 1 }, high: { rank: 2 } };

class Task {
  constructor(
    readonly title: string,
    public status: Status = Status.OPEN,
  ) {}
}

@Prevalent('tasks-of-constants', {
  classes: { task: Task },
  constants: { 'status.open': Status.OPEN, 'status.done': Status.DONE, statuses: Status.ALL, priority: PRIORITY },
})
class Tasks {
  status = Status.OPEN;
  readonly list: Task[] = [];
  readonly log: string[] = [];
  readonly byStatus = new Map<Status, string[]>();
  readonly seen = new Set<object>();
  priority: { rank: number } = PRIORITY.low;

  @Transaction() add(title: string, status?: Status): Task {
    const task = new Task(title, status);
    this.list.push(task);
    const titles = this.byStatus.get(task.status) ?? [];
    this.byStatus.set(task.status, [...titles, title]);
    return task;
  }
  @Transaction() turn(): Status {
    if (this.status === Status.OPEN) this.log.push('finished');
    else this.log.push('opened again');
    this.status = this.status.next();
    this.seen.add(this.status).add(this.status.owner);
    return this.status;
  }
  @Transaction() rate(options: { priority: { rank: number }; all: Map<Status, readonly Status[]> }): number {
    this.priority = options.priority;
    const known = options.priority === PRIORITY.high && options.all.get(Status.DONE) === Status.ALL;
    this.log.push(known ? 'the same' : 'another');
    return [...this.list].filter(({ status }) => Status.ALL.indexOf(status) >= 0).length;
  }
}

const ask = (model: Tasks): unknown => ({
  status: model.status === Status.DONE,
  open: model.status.isOpen(),
  list: model.list.map(({ status }) => [status === Status.OPEN, status === Status.DONE]),
  keys: [...model.byStatus.keys()].map((status) => Status.ALL.indexOf(status)),
  has: [Status.DONE, Status.DONE.owner, Status.OPEN].map((one) => model.seen.has(one)),
  inside: model.status.owner === Status.DONE.owner && model.status.owner.by === Status.DONE.owner.by,
  priority: model.priority === PRIORITY.high,
});

const play: Play<Tasks> = {
  early: [(model) => model.add('early', Status.DONE)],
  calls: [
    (model) => model.add('milk'),
    (model) => model.turn(),
    (model) => model.add('tea', Status.DONE),
    (model) => model.rate({ priority: PRIORITY.high, all: new Map([[Status.DONE, Status.ALL]]) }),
    (model) => model.turn(),
    (model) => model.turn(),
  ],
  ask,
};

test('a constant is the same object in every way in which a state comes about, and on a plain object', async () => {
  const { state } = await everyWay(Tasks, play);
  const plain = new Tasks();
  for (const call of [...(play.early ?? []), ...play.calls]) call(plain);
  expect(plain.log).toEqual(['finished', 'the same', 'opened again', 'finished']);
  expect(state).toBe(`${graphText(plain)}\n${JSON.stringify(ask(plain))}`);
  expect(ask(plain)).toMatchObject({
    status: true,
    open: false,
    has: [true, true, true],
    inside: true,
    priority: true,
  });
});

test('results, changes and queries give the constant itself', async () => {
  const master = await Master.open(Tasks, { name: 'one', store: new MemoryStore(), check: 'replay' });
  const changes: unknown[] = [];
  master.on('event', (event) => {
    for (const { path, before, after } of event.changes ?? []) if (path[0] === 'status') changes.push(before, after);
  });
  expect(master.model.turn()).toBe(Status.DONE);
  expect(changes[0]).toBe(Status.OPEN);
  expect(changes[1]).toBe(Status.DONE);
  expect(master.query((model) => model.status)).toBe(Status.DONE);
  expect(() => {
    Status.DONE.owner.by.push('x');
  }).toThrow(TypeError);
  await master.close();
});
