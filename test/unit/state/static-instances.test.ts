/** Objects in static fields are the module's own: in a state they would be copies after a snapshot, so they must be declared. */
import { Master, MemoryStore, Prevalent, Transaction } from '../../../src/index.js';

class Status {
  static readonly OPEN = new Status('open');
  static readonly MORE = Object.freeze({ LATE: new Status('late') });
  static readonly LIST = ['a'];
  static first: Status | undefined;
  static lazy(): Status {
    return (Status.first ??= new Status('first'));
  }
  constructor(readonly label: string) {}
}

class Special extends Status {}

interface Task {
  readonly held: unknown;
  hold(name: string): void;
}

interface Program {
  readonly give: (name: string) => unknown;
  readonly initial?: () => unknown;
  readonly constants?: Record<string, object>;
}

function programWith({ give, initial = () => null, constants = {} }: Program): new () => Task {
  @Prevalent('task-of-statics', { classes: { status: Status, special: Special }, constants })
  class Model implements Task {
    held: unknown = initial();
    @Transaction() hold(name: string): void {
      this.held = give(name);
    }
  }
  return Model;
}

test.each<[string, () => unknown]>([
  ['Status.OPEN', () => Status.OPEN],
  ['Status.OPEN', () => ({ deep: [new Map([['k', Status.OPEN]])] })],
  ['Status.MORE.LATE', () => Status.MORE.LATE],
  ['Status.MORE', () => Status.MORE],
  ['Status.LIST', () => Status.LIST],
  ['Status.first', () => Status.lazy()],
])('%s is refused, live and at genesis, and named with the remedy', async (name, give) => {
  const refusal = {
    code: 'SHARED_STATE',
    message: expect.stringContaining(`constants: { '${name}': ${name} }`) as string,
  };
  const store = new MemoryStore();
  const master = await Master.open(programWith({ give }), { name: 'a', store });
  expect(() => {
    master.model.hold('x');
  }).toThrow(expect.objectContaining(refusal) as Error);
  expect(master.model.held).toBeNull();
  await master.close();
  await expect(
    Master.open(programWith({ give, initial: give }), { name: 'a', store: new MemoryStore() }),
  ).rejects.toMatchObject(refusal);
});

test('a new instance, and a copy of a static list, are no objects of the module', async () => {
  const give = (name: string): unknown => [new Status(name), new Special(name), [...Status.LIST]];
  const master = await Master.open(programWith({ give }), { name: 'a', store: new MemoryStore(), check: 'replay' });
  master.model.hold('x');
  expect(master.model.held).toEqual([new Status('x'), new Special('x'), ['a']]);
  await master.close();
});

test('a replay that meets an undeclared one stops with the event and the remedy, and goes on when it is declared', async () => {
  const store = new MemoryStore();
  const before = await Master.open(programWith({ give: (name) => new Status(name) }), { name: 'a', store });
  before.model.hold('open');
  await before.close();
  const stopped = {
    code: 'SHARED_STATE',
    message: expect.stringMatching(/Event \w{26} \(hold\).*Status\.OPEN/) as string,
  };
  await expect(Master.open(programWith({ give: () => Status.OPEN }), { name: 'a', store })).rejects.toMatchObject(
    stopped,
  );
  const constants = { 'status.open': Status.OPEN };
  const after = await Master.open(programWith({ give: () => Status.OPEN, constants }), { name: 'a', store });
  expect(after.model.held).toBe(Status.OPEN);
  await after.close();
});
