import { deterministic, genesisId, sfc32 } from '../../../src/state/determinism.js';
import { ulidTime } from '../../../src/event/ulid.js';

const ID = '01J00000000000000000000001';
const OTHER = '01J00000000000000000000002';

/** One draw from everything that is swapped. */
function draw(): unknown[] {
  return [
    Date.now(),
    new Date().toISOString(),
    (Date as unknown as () => string)(),
    performance.now(),
    Math.random(),
    crypto.randomUUID(),
    [...crypto.getRandomValues(new Uint8Array(4))],
    [...crypto.getRandomValues(new Uint32Array(2))],
  ];
}

describe('inside a transaction', () => {
  test('time and randomness are the same for the same id', () => {
    expect(deterministic(ID, draw)).toEqual(deterministic(ID, draw));
    expect(deterministic(ID, () => [draw(), draw()])).toEqual(deterministic(ID, () => [draw(), draw()]));
  });

  test('randomness differs for other ids and from draw to draw', () => {
    const random = (): unknown[] => [Math.random(), crypto.randomUUID()];
    expect(deterministic(ID, random)).not.toEqual(deterministic(OTHER, random));
    const [first, second] = deterministic(ID, () => [random(), random()]);
    expect(first).not.toEqual(second);
  });

  test('the time is that of the id', () => {
    expect(deterministic(ID, () => Date.now())).toBe(ulidTime(ID));
    expect(deterministic(ID, () => new Date().getTime())).toBe(ulidTime(ID));
    expect(deterministic(ID, () => performance.now())).toBe(ulidTime(ID));
  });

  test('Date is Date in every other respect', () => {
    const outside = new Date(5);
    deterministic(ID, () => {
      expect(new Date()).toBeInstanceOf(Date);
      expect(outside).toBeInstanceOf(Date);
      expect(new Date(2020, 1, 2).getMonth()).toBe(1);
      expect(new Date('2020-01-01T00:00:00Z').getTime()).toBe(Date.UTC(2020, 0));
      expect(new Date(outside).getTime()).toBe(5);
      expect(Date.parse('1970-01-01T00:00:01Z')).toBe(1000);
      expect([Date.name, Date.length]).toEqual(['Date', 7]);
      class Day extends Date {}
      expect(new Day()).toBeInstanceOf(Day);
      expect(new Day().getTime()).toBe(ulidTime(ID));
    });
    expect(deterministic(ID, () => new Date())).toBeInstanceOf(Date);
  });

  test('random numbers are in range and uuids well-formed', () => {
    deterministic(ID, () => {
      const numbers = Array.from({ length: 1000 }, () => Math.random());
      expect(numbers.every((one) => one >= 0 && one < 1)).toBe(true);
      const mean = numbers.reduce((sum, one) => sum + one, 0) / numbers.length;
      expect(Math.abs(mean - 0.5)).toBeLessThan(0.05);
      expect(crypto.randomUUID()).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    });
  });

  test('ids drawn by many events do not meet', () => {
    const ids = Array.from({ length: 2000 }, (_, index) =>
      deterministic(`01J0000000${String(index).padStart(16, '0')}`, () => crypto.randomUUID()),
    );
    expect(new Set(ids).size).toBe(ids.length);
  });
});

describe('afterwards', () => {
  const globals = (): unknown[] => [Date, Math.random, performance.now, crypto.randomUUID, crypto.getRandomValues];

  test('everything is as before', () => {
    const before = globals();
    deterministic(ID, () => expect(globals()).not.toEqual(before));
    expect(globals()).toEqual(before);
    expect(crypto.randomUUID()).not.toBe(crypto.randomUUID());
    expect(crypto.getRandomValues(new Uint8Array(4))).toHaveLength(4);
  });

  test('also when the call throws', () => {
    const before = globals();
    expect(() =>
      deterministic(ID, () => {
        throw new Error('inside');
      }),
    ).toThrow('inside');
    expect(globals()).toEqual(before);
  });

  test('also when it was nested, and the outer draws go on where they were', () => {
    const plain = deterministic(ID, () => [Math.random(), Math.random()]);
    const nested = deterministic(ID, () => {
      const first = Math.random();
      deterministic(OTHER, () => expect(Date.now()).toBe(ulidTime(OTHER)));
      expect(() =>
        deterministic(OTHER, () => {
          Math.random();
          throw new Error('inside');
        }),
      ).toThrow('inside');
      expect(Date.now()).toBe(ulidTime(ID));
      return [first, Math.random()];
    });
    expect(nested).toEqual(plain);
  });

  test('clocks that somebody else had swapped stay swapped', () => {
    const { random } = Math;
    Math.random = () => 0.25;
    try {
      deterministic(ID, () => expect(Math.random()).not.toBe(0.25));
      expect(Math.random()).toBe(0.25);
    } finally {
      Math.random = random;
    }
  });
});

test('what an id gives never changes, because journals are replayed by later versions', () => {
  const next = sfc32(ID);
  expect([next(), next(), next()]).toMatchInlineSnapshot(`
   [
     2325335626,
     86587867,
     3817910002,
   ]
  `);
  expect(deterministic(ID, () => crypto.randomUUID())).toMatchInlineSnapshot(`"4adbf2e2-3b14-4b39-ba4d-ca787949c619"`);
  expect(deterministic(ID, () => Math.random())).toMatchInlineSnapshot(`0.5414093905175478`);
  expect(genesisId('todo-list')).toMatchInlineSnapshot(`"0000000000FG7R88FDA45AQ4A2"`);
  expect(ulidTime(genesisId('todo-list'))).toBe(0);
});
