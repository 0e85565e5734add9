/**
 * A model gains a field that its transactions fill: who starts from an older snapshot lacks what earlier calls would have written to it, and a
 * newcomer has it. That is told when the snapshot is used; a derived field has none of it.
 */
import { definePrevalent, Master, MemoryStore, type ModelOptions } from '../../src/index.js';

interface Tags {
  readonly byTag?: ReadonlyMap<string, readonly string[]>;
  tag(id: string, tag: string): void;
}

const OPTIONS: ModelOptions<Tags> = { name: 'gained-field', transactions: ['tag'] };

function first(): new () => Tags {
  class Model implements Tags {
    readonly tags: [string, string][] = [];
    tag(id: string, tag: string): void {
      this.tags.push([id, tag]);
    }
  }
  return definePrevalent<Tags, Record<string, object>>(Model, OPTIONS);
}

/** Fills the index by a helper, as programs do. */
function filling(options: Omit<Partial<ModelOptions<Tags>>, 'derived'> & { derived?: object } = {}): new () => Tags {
  class Model implements Tags {
    readonly tags: [string, string][] = [];
    readonly byTag = new Map<string, string[]>();
    readonly unused = new Map<string, string>();
    tag(id: string, tag: string): void {
      this.tags.push([id, tag]);
      this.remember(id, tag);
    }
    private remember(id: string, tag: string): void {
      this.byTag.set(tag, [...(this.byTag.get(tag) ?? []), id]);
    }
  }
  return definePrevalent<Tags, Record<string, object>>(Model, { ...OPTIONS, ...options });
}

async function withSnapshot(): Promise<MemoryStore> {
  const store = new MemoryStore();
  const master = await Master.open(first(), { name: 'one', store });
  master.model.tag('x', 'home');
  await master.sync();
  await master.snapshot();
  await master.close();
  return store;
}

const indexIn = (master: Master<Tags>): unknown => [...(master.model.byTag ?? [])].map(([tag, ids]) => [tag, [...ids]]);

test('a field that a transaction fills is told, by name, with the transaction and the remedies', async () => {
  const store = await withSnapshot();
  const Model = filling();
  const one = await Master.open(Model, { name: 'one', store });
  one.model.tag('y', 'home');
  await one.sync();
  const newcomer = await Master.open(Model, { name: 'two', store });
  // This is what is told.
  expect([indexIn(one), indexIn(newcomer)]).toEqual([[['home', ['y']]], [['home', ['x', 'y']]]]);
  const { notices } = await one.status();
  expect(notices).toEqual([
    expect.stringMatching(
      /^The snapshot \w+ of one@\w+ was written before the model had the field byTag \(used by tag\)\. .*@Derived\(\) get …\(\).*migrate/,
    ),
  ]);
  expect((await newcomer.status()).notices).toEqual([]);
  await one.close();
  await newcomer.close();
});

test('a derived one needs nothing, and is the same for both', async () => {
  const store = await withSnapshot();
  const Model = filling({
    derived: {
      byTag: (model: { readonly tags: [string, string][] }) => {
        const index = new Map<string, string[]>();
        for (const [id, tag] of model.tags) index.set(tag, [...(index.get(tag) ?? []), id]);
        return index;
      },
    },
  });
  const one = await Master.open(Model, { name: 'one', store });
  one.model.tag('y', 'home');
  await one.sync();
  const newcomer = await Master.open(Model, { name: 'two', store });
  for (const master of [one, newcomer]) {
    expect(indexIn(master)).toEqual([['home', ['x', 'y']]]);
    expect((await master.status()).notices).toEqual([]);
    await master.close();
  }
});

test('one that no transaction uses, and one of a raised version, are as they were meant', async () => {
  const store = await withSnapshot();
  class Unused implements Tags {
    readonly tags: [string, string][] = [];
    readonly colour = 'red';
    tag(id: string, tag: string): void {
      this.tags.push([id, tag]);
    }
    get paint(): string {
      return this.colour;
    }
  }
  const raised = filling({
    version: 2,
    migrate: { 1: (fields) => ({ ...fields, byTag: new Map([['home', ['x']]]) }) },
  });
  for (const Model of [definePrevalent<Tags, Record<string, object>>(Unused, OPTIONS), raised]) {
    const master = await Master.open(Model, { name: 'one', store });
    expect((await master.status()).notices).toEqual([]);
    await master.close();
  }
});
