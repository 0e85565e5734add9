/** Names of classes that a minifier chose, and classes that changed places between two builds: refused, never read as one another. */
import { buildSync } from 'esbuild';
import { createRequire } from 'node:module';
import * as prevalent from '../../src/index.js';
import type { Master, MasterOptions, MemoryStore } from '../../src/index.js';

interface Shop {
  readonly all: object[];
  customer(name: string): void;
  order(total: number): void;
  put(one: object): void;
}

interface Program {
  readonly Shop: new () => Shop;
  readonly make: { customer(name: string): object; order(total: number): object };
  isOrder(one: object): boolean;
}

const CUSTOMER = 'class Customer { constructor(public name: string) {} }';
const ORDER = 'class Order { constructor(public total: number) {} }';

/** A build of the program; the two classes stand in this order. */
function build(
  classes: string,
  how: { swapped?: boolean; minify?: boolean; fields?: [string, string]; names?: string },
): Program {
  const [customer, order] = how.fields ?? [CUSTOMER, ORDER];
  const { text } = buildSync({
    stdin: {
      contents: `import { Prevalent, Transaction } from 'prevalent';
        ${how.swapped === true ? order + customer : customer + order}
        ${how.names ?? ''}
        @Prevalent('shop', ${classes}) class Shop {
          all: object[] = [];
          @Transaction() customer(name: string) { this.all.push(new Customer(name)); }
          @Transaction() order(total: number) { this.all.push(new Order(total)); }
          @Transaction() put(one: object) { this.all.push(one); }
        }
        module.exports = { Shop, make: { customer: (n: string) => new Customer(n), order: (n: number) => new Order(n) },
          isOrder: (one: object) => one instanceof Order };`,
      loader: 'ts',
    },
    tsconfigRaw: { compilerOptions: { experimentalDecorators: true } },
    bundle: true,
    minify: how.minify ?? false,
    format: 'cjs',
    external: ['prevalent'],
    write: false,
    logLevel: 'error',
  }).outputFiles[0] as { text: string };
  const module = { exports: {} as Program };
  const load = (name: string): unknown => (name === 'prevalent' ? prevalent : createRequire(import.meta.url)(name));
  // eslint-disable-next-line @typescript-eslint/no-implied-eval -- the bundled text is this test's own
  new Function('module', 'exports', 'require', text)(module, module.exports, load);
  return module.exports;
}

const open = (program: Program, store: MemoryStore, options: Partial<MasterOptions> = {}): Promise<Master<Shop>> =>
  prevalent.Master.open(program.Shop, { name: 'a', store, ...options });

const LIST = '{ classes: [Customer, Order] }';
const NAMED = '{ classes: { customer: Customer, order: Order } }';
const shown = (program: Program, master: Master<Shop>): string[] =>
  master.query(({ all }) =>
    all.map((one) => `${program.isOrder(one) ? 'order' : 'customer'} ${Object.values(one).join()}`),
  );

describe('names that a minifier chose', () => {
  test('are refused when the master is opened, with the remedy', async () => {
    const opened = open(build(LIST, { minify: true }), new prevalent.MemoryStore());
    await expect(opened).rejects.toMatchObject({
      code: 'UNSTABLE_NAME',
      message: expect.stringMatching(/"\w{1,2}".*classes: \{ customer: Customer \}/) as unknown,
    });
  });

  test.each(['a', 't1', '_a', '$b', 'Xy', ''])('"%s" is one', async (name) => {
    const Class = { [name]: class {} }[name] as new () => object;
    class Model {}
    prevalent.Prevalent('minified-one', { classes: [Class] })(Model);
    await expect(prevalent.Master.open(Model, { name: 'a', store: new prevalent.MemoryStore() })).rejects.toMatchObject(
      {
        code: 'UNSTABLE_NAME',
      },
    );
    prevalent.Prevalent('minified-one', { classes: { [name === '' ? 'none' : name]: Class } })(Model);
    await (await prevalent.Master.open(Model, { name: 'a', store: new prevalent.MemoryStore() })).close();
  });

  test('are refused for the model itself, which may be given one', () => {
    class e {}
    expect(() => prevalent.Prevalent()(e)).toThrow(/"e".*@Prevalent\("a-stable-name"\)/);
    expect(() => prevalent.Prevalent('e')(e)).not.toThrow();
  });

  test('two classes of one name in a list are not one', async () => {
    const [one, two] = [{ Note: class {} }.Note, { Note: class {} }.Note];
    class Model {}
    prevalent.Prevalent('two-notes', { classes: [one, two] })(Model);
    await expect(prevalent.Master.open(Model, { name: 'a', store: new prevalent.MemoryStore() })).rejects.toMatchObject(
      {
        code: 'DUPLICATE_CLASS',
      },
    );
  });

  test('with names of their own a minified build reads what another build wrote', async () => {
    const store = new prevalent.MemoryStore();
    const first = build(NAMED, { minify: true });
    const master = await open(first, store);
    master.model.customer('Ada');
    master.model.put(first.make.order(7));
    await master.snapshot();
    master.model.order(8);
    await master.close();
    const second = build(NAMED, { minify: true, swapped: true });
    for (const name of ['a', 'newcomer']) {
      const again = await open(second, store, { name });
      expect(shown(second, again)).toEqual(['customer Ada', 'order 7', 'order 8']);
      await again.close();
    }
  });
});

/** What another build calls them: a bundler that keeps long names numbers them in the order of the declarations. */
const SWAPPED = `Object.defineProperty(Customer, 'name', { value: 'Order' }); Object.defineProperty(Order, 'name', { value: 'Customer' });`;

describe('classes that changed their names with each other', () => {
  const programs: [string, [string, string]][] = [
    ['no field in common', [CUSTOMER, ORDER]],
    [
      'a field in common',
      [
        'class Customer { id = 1; constructor(public name: string) {} }',
        'class Order { id = 1; constructor(public total: number) {} }',
      ],
    ],
  ];

  test.each(programs)('are not read from a snapshot: %s', async (_, fields) => {
    const store = new prevalent.MemoryStore();
    const master = await open(build(LIST, { fields }), store);
    master.model.customer('Ada');
    master.model.order(7);
    await master.snapshot();
    await master.close();
    const second = build(LIST, { fields, names: SWAPPED });
    const again = await open(second, store);
    expect(again.query(({ all }) => all.map((one) => second.isOrder(one)))).toEqual([false, true]);
    expect((await again.status()).notices.join()).toMatch(/Customer.*classes: \{ Customer: TheClass \}/);
    await again.close();
  });

  test.each(programs)('are not read from arguments: %s', async (_, fields) => {
    const store = new prevalent.MemoryStore();
    const first = build(LIST, { fields });
    const master = await open(first, store);
    master.model.put({ in: [first.make.customer('Ada')] });
    await master.close();
    await expect(open(build(LIST, { fields, names: SWAPPED }), store)).rejects.toMatchObject({
      code: 'MODEL_OUTDATED',
      message: expect.stringMatching(/classes: \{/) as unknown,
    });
    const newcomer = await open(build(LIST, { fields, names: SWAPPED }), store, { name: 'b' });
    expect((await newcomer.status()).held).toMatchObject([{ master: 'a', reason: 'arguments' }]);
    await newcomer.close();
  });
});

describe('a class that gained and lost fields is read as before', () => {
  test.each<[string, string]>([
    ['gained', 'class Customer { email = ""; constructor(public name: string) {} }'],
    [
      'lost, and reads it',
      'class Customer { other = 1; constructor(name: string) {} get text() { return (this as any).name; } }',
    ],
    [
      'gives itself any field',
      'class Customer { constructor(name: string) { Object.assign(this, { title: name }); } }',
    ],
    ['declares none', 'class Customer { constructor(name: string) {} }'],
  ])('%s', async (_, customer) => {
    const store = new prevalent.MemoryStore();
    const first = build(LIST, {});
    const master = await open(first, store);
    master.model.put(first.make.customer('Ada'));
    await master.snapshot();
    await master.close();
    const second = build(LIST, { fields: [customer, ORDER] });
    const again = await open(second, store);
    expect((await again.status()).notices).toEqual([]);
    expect(again.query(({ all }) => all)).toEqual([expect.objectContaining({ name: 'Ada' })]);
    await again.close();
  });
});
