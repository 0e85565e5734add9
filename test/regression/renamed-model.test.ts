/**
 * The class of a model may be renamed, also by a bundler that minifies: snapshots know the root by its place and the model by the
 * stable name in their header.
 */
import { Master, MemoryStore, Prevalent, Transaction, type MasterOptions } from '../../src/index.js';
import { CallCodec } from '../../src/event/call-codec.js';
import { ClassTable } from '../../src/model/class-table.js';
import type { TransactionDefinition } from '../../src/model/definition.js';
import { definitionOf } from '../../src/model/prevalent.js';
import { StateDecoder } from '../../src/state/snapshot-decoder.js';
import { StateEncoder } from '../../src/state/snapshot-encoder.js';

interface Diary {
  readonly lines: string[];
  write(line: string): void;
}

class Page {
  constructor(readonly text: string) {}
}

/** The program with its model's class under this name; `classes` as this program names them. */
function programWith(
  className: string,
  classes: Record<string, new (...args: never[]) => object> = {},
): new () => Diary {
  const named = {
    [className]: class {
      readonly lines: string[] = [];
      readonly pages: Page[] = [];
      self: unknown = [this];
      write(line: string): void {
        this.lines.push(line);
        if (Object.keys(classes).length > 0) this.pages.push(new Page(line));
      }
    },
  };
  const Model = named[className] as new () => Diary;
  const write = Object.getOwnPropertyDescriptor(Model.prototype, 'write') as TypedPropertyDescriptor<never>;
  Transaction()(Model.prototype, 'write', write);
  Object.defineProperty(Model.prototype, 'write', write);
  Prevalent('diary', { classes })(Model);
  return Model;
}

const HOUR = 3_600_000;

/** A world of sealed history, whose journals are gone: what is left is the snapshot. */
async function sealed(Model: new () => Diary, options: MasterOptions, clock: { now: number }): Promise<void> {
  const master = await Master.open(Model, options);
  for (const line of ['one', 'two', 'three']) {
    master.model.write(line);
    await master.sync();
    clock.now += HOUR;
    await master.compact();
  }
  await master.close();
}

function world(): { options: (name: string) => MasterOptions; clock: { now: number } } {
  const clock = { now: Date.UTC(2026, 0, 1) };
  const store = new MemoryStore();
  const options = (name: string): MasterOptions => ({
    name,
    store,
    now: () => clock.now++,
    retention: 0,
    patience: 10 * HOUR,
  });
  return { options, clock };
}

test.each([
  ['renamed', 'Journal'],
  ['minified', 'a'],
  ['without a name', ''],
  ['named as one of its classes', 'page'],
])('a sealed history is opened by a program whose model class is %s', async (_, className) => {
  const { options, clock } = world();
  await sealed(programWith('Diary', { page: Page }), options('a'), clock);
  clock.now += HOUR;
  const Renamed = programWith(className, { page: Page });
  const master = await Master.open(Renamed, options('a'));
  const newcomer = await Master.open(Renamed, options('newcomer'));
  master.model.write('four');
  await master.sync();
  await newcomer.sync();
  for (const one of [master, newcomer]) {
    expect(one.query(({ lines }) => lines)).toEqual(['one', 'two', 'three', 'four']);
    expect(one.query((model) => model)).toBeInstanceOf(Renamed);
    expect(one.query((model) => (model as Diary & { pages: Page[] }).pages[0])).toBeInstanceOf(Page);
    expect((await one.status()).notices.filter((notice) => notice.includes('snapshot'))).toEqual([]);
    expect((await one.at(new Date(clock.now))).lines).toContain('four');
  }
  await master.snapshot();
  await master.close();
  await newcomer.close();
  const again = await Master.open(programWith('Diary', { page: Page }), options('a'));
  expect(again.query(({ lines }) => lines.at(-1))).toBe('four');
  await again.close();
});

function bytesOf(state: object, classes: ClassTable): Buffer {
  const encoder = new StateEncoder(state, classes);
  const chunks: Uint8Array[] = [];
  while (!encoder.done) chunks.push(...encoder.advance(() => false));
  return Buffer.concat(chunks);
}

test('two programs in which the class has different names write one state as the same bytes', () => {
  const [one, other] = ['Diary', 'e'].map((className) => {
    const Model = programWith(className);
    const state = new Model();
    state.write('same');
    return bytesOf(state, new ClassTable(definitionOf(Model)));
  });
  expect(one).toEqual(other);
});

test('what was written under the name of the class stays readable: snapshots under any, arguments under the one it has', () => {
  const Model = programWith('Journal');
  const classes = new ClassTable(definitionOf(Model));
  const bytes = bytesOf(Object.assign(new Model(), { lines: ['kept'] }), classes).toString('latin1');
  expect(bytes).toContain('Model');
  const decoder = new StateDecoder(classes);
  decoder.chunk(Buffer.from(bytes.replace('Model', 'Diary'), 'latin1'));
  expect(decoder.finish()).toBeInstanceOf(Model);
  const codec = new CallCodec(definitionOf(Model), classes);
  const args = (name: string) =>
    codec.open({ json: [{ lines: [] }], meta: { values: { 0: [['class', name]] }, v: 1 } });
  expect(args('Journal')[0]).toBeInstanceOf(Model);
  expect(args('diary')[0]).toBeInstanceOf(Model);
  const write = definitionOf(Model).transactions.get('write') as TransactionDefinition;
  expect(codec.encode(write, [Object.assign(new Model(), { self: 0 })]).text).toContain('["class","diary"]');
});

test('a class of the state may have the name of the model, and that of its class', async () => {
  const { options } = world();
  const Model = programWith('Diary', { diary: Page, Diary: class Other {} });
  const master = await Master.open(Model, options('a'));
  master.model.write('one');
  await master.snapshot();
  await master.close();
  const Renamed = programWith('Renamed', { diary: Page, Diary: class Other {} });
  const again = await Master.open(Renamed, options('a'));
  expect(again.query((model) => model)).toBeInstanceOf(Renamed);
  expect(again.query((model) => (model as Diary & { pages: Page[] }).pages[0])).toBeInstanceOf(Page);
  await again.close();
});
