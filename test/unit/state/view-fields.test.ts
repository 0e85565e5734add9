/** Of binary data only the bytes are state: what hangs on a view or its memory would be in no snapshot, and is refused. */
import { copyOf, Master, MemoryStore, Prevalent, Transaction } from '../../../src/index.js';
import { assertSameState } from '../../../src/testing/index.js';

type Hang = (object: object, value: unknown) => void;

const VIEWS: Record<string, () => ArrayBufferView> = {
  'a Uint8Array': () => Uint8Array.of(1, 2),
  'a BigInt64Array': () => BigInt64Array.of(1n),
  'a Buffer': () => Buffer.from('ab'),
  'a DataView': () => new DataView(new ArrayBuffer(2)),
  'an empty one': () => new Uint8Array(0),
  'a long one': () => new Float64Array(300),
  'a very long one': () => new Uint8Array(2 ** 17),
};
const WAYS: Record<string, Hang> = {
  'by name': (object, value) => Object.assign(object, { tag: value }),
  'by a registered symbol': (object, value) => Object.assign(object, { [Symbol.for('tag')]: value }),
  hidden: (object, value) => Object.defineProperty(object, 'tag', { value }),
  'by an accessor': (object, value) => Object.defineProperty(object, 'tag', { get: () => value }),
};
const PLACES: Record<string, (view: ArrayBufferView) => object> = {
  'on the view': (view) => view,
  'on its memory': (view) => view.buffer,
};
const CASES = Object.entries(VIEWS).flatMap(([view, make]) =>
  Object.entries(WAYS).flatMap(([way, hang]) =>
    Object.entries(PLACES).map(([place, on]) => ({
      view,
      way,
      place,
      make: (value: unknown): ArrayBufferView => {
        // Buffers of their own memory: others share Node's.
        const one = view === 'a Buffer' ? Buffer.from(new ArrayBuffer(2)) : make();
        hang(on(one), value);
        return one;
      },
    })),
  ),
);

let make: (value: unknown) => unknown;
let initial: () => unknown = () => null;

@Prevalent('view-fields')
class Model {
  born = initial();
  held: unknown = null;
  result: unknown = null;
  @Transaction() hold(): void {
    this.held = [make({ a: 1 })];
  }
  @Transaction() give(): unknown {
    const todo = { done: false };
    this.held = todo;
    return [make(todo)];
  }
  @Transaction() take(given: unknown): void {
    this.held = given;
  }
}

const open = (): Promise<Master<Model>> => Master.open(Model, { name: 'a', store: new MemoryStore() });

test.each(CASES)('a field of $view, $way, $place', async ({ make: makeView, place }) => {
  make = makeView;
  const master = await open();
  const refused = expect.objectContaining({
    code: 'UNSUPPORTED_STATE',
    message: expect.stringMatching(/would hold an? \w+ with a field of its own.*\(.*tag.*copyOf\(view\)/) as string,
  }) as Error;
  expect(() => {
    master.model.hold();
  }).toThrow(refused);
  expect(() => master.model.give()).toThrow(
    expect.objectContaining({ code: 'UNSUPPORTED_STATE', message: expect.stringContaining('a field of its own') }),
  );
  expect(master.model.held).toBeNull();
  if (place === 'on the view')
    expect(() => {
      master.model.take(makeView(1));
    }).toThrow(expect.objectContaining({ code: 'UNCARRIABLE_ARGUMENT' }));
  await master.close();
  initial = () => makeView(1);
  await expect(open()).rejects.toEqual(refused);
  initial = () => null;
});

test.each(CASES.filter(({ place }) => place === 'on the view'))(
  'copies and comparisons have a field of $view, $way',
  ({ make: makeView, way }) => {
    const [plain, marked] = [makeView(1), makeView(2)];
    expect(() => {
      assertSameState([plain], [marked]);
    }).toThrow(/The states differ at model\[0\]/);
    // What is copied can be changed again.
    if (way.startsWith('by ') && way !== 'by an accessor') assertSameState([marked], [copyOf(marked)]);
  },
);

test.each(Object.entries(VIEWS))('%s without any is as usable as ever', async (_, makeView) => {
  make = makeView;
  initial = makeView;
  const master = await open();
  master.model.hold();
  master.model.give();
  master.model.take(makeView());
  assertSameState([master.model.held], [makeView()]);
  await master.close();
  initial = () => null;
});

test('a view on memory that was transferred is refused', async () => {
  for (const view of [new DataView(new ArrayBuffer(4)), new Uint8Array(4)]) {
    structuredClone(view.buffer, { transfer: [view.buffer] });
    make = () => view;
    const master = await open();
    expect(() => {
      master.model.hold();
    }).toThrow(
      expect.objectContaining({
        code: 'UNSUPPORTED_STATE',
        message: expect.stringMatching(/^Array\.0 would hold a \w+ on memory that was transferred/) as string,
      }),
    );
    await master.close();
  }
});
