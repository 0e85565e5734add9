import fc from 'fast-check';
import { decodeTime, encodeTime, isValid, ulid } from 'ulid';
import { isUlid, type PrevalentError, UlidClock, ulidTime } from 'prevalent';
import { idTime, isFromFuture, isId } from '../../../src/event/ulid-clock.js';
import { lastUlidAt, ULID_MIN } from '../../../src/event/ulid.js';
import { sfc32 } from '../../../src/state/determinism.js';

/** The greatest ULID there is. */
const ULID_MAX = `7${'Z'.repeat(25)}`;

/** A clock whose time the test sets, with seeded randomness. */
function clockAt(time: number, seed = 'seed', maxDrift = 1_000): { clock: UlidClock; wall: { time: number } } {
  const wall = { time };
  const draw = sfc32(seed);
  return { clock: new UlidClock({ now: () => wall.time, random: () => draw() / 2 ** 32, maxDrift }), wall };
}

test('ids are valid ULIDs of their time', () => {
  for (const time of [0, 1, 1_700_000_000_000, 2 ** 48 - 1]) {
    const { clock } = clockAt(time);
    const id = clock.next();
    expect(isValid(id)).toBe(true);
    expect(isUlid(id)).toBe(true);
    expect(decodeTime(id)).toBe(time);
    expect(ulidTime(id)).toBe(time);
  }
});

test('what is no ULID is none', () => {
  for (const text of [
    '',
    '8'.repeat(26),
    '0'.repeat(25),
    '0'.repeat(27),
    'I'.repeat(26),
    'a'.repeat(26),
    7,
    null,
    undefined,
    {},
  ]) {
    expect(isUlid(text)).toBe(false);
  }
  expect(isUlid(ULID_MIN) && isUlid(ULID_MAX)).toBe(true);
});

test('a million ids rise, also across the overflow of the counter', () => {
  const { clock } = clockAt(1_700_000_000_000, 'many', 60_000);
  let last = '';
  let rising = true;
  for (let i = 0; i < 1_000_000; i++) {
    const id = clock.next();
    rising &&= id > last;
    last = id;
  }
  expect(rising).toBe(true);
  // 65,536 ids fit into one millisecond.
  expect(ulidTime(last)).toBe(1_700_000_000_000 + Math.floor(999_999 / 65_536));
  expect(isValid(last)).toBe(true);
});

test('ids rise when the wall clock steps back, stands still and goes on', () => {
  const { clock, wall } = clockAt(10_000);
  const ids = [clock.next()];
  for (const time of [9_500, 9_000, 9_001, 10_000, 10_001, 9_999, 20_000]) {
    wall.time = time;
    ids.push(clock.next());
  }
  expect([...ids].sort()).toEqual(ids);
  expect(new Set(ids).size).toBe(ids.length);
  expect(ulidTime(ids.at(-1)!)).toBe(20_000);
});

test('a clock too far behind refuses, and works again when it is right', () => {
  const { clock, wall } = clockAt(10_000);
  const first = clock.next();
  wall.time = 8_999;
  expect(() => clock.next()).toThrow(expect.objectContaining({ code: 'CLOCK_BEHIND' }));
  expect(() => clock.promise()).not.toThrow();
  wall.time = 9_000;
  expect(clock.next() > first).toBe(true);
});

test.each([
  [1_000, 100, false],
  [1_101, 100, true],
  [1_100, 100, false],
  [900, 0, false],
  [1_000_000, Infinity, false],
])('an id of time %d is from the future at time 1,000 with a drift of %d: %s', (time, maxDrift, expected) => {
  expect(isFromFuture(clockAt(time).clock.next(), 1_000, maxDrift)).toBe(expected);
});

test('time beyond the last ULID is refused', () => {
  const { clock, wall } = clockAt(2 ** 48 - 1, 'end', Infinity);
  clock.observe(ULID_MAX);
  let code: string | undefined;
  try {
    clock.next();
  } catch (error) {
    code = (error as PrevalentError).code;
  }
  expect(code).toBe('CLOCK_BEHIND');
  wall.time = 2 ** 48;
  expect(() => clock.next()).toThrow();
});

test('every id is greater than each observed one', () => {
  const { clock } = clockAt(10_000);
  for (const seen of [lastUlidAt(10_000), lastUlidAt(10_500), lastUlidAt(9_000), clock.next()]) {
    clock.observe(seen);
    expect(clock.next() > seen).toBe(true);
  }
  const far = clockAt(10_000, 'far', 60_000);
  // All bits behind the time set: the next id needs the next millisecond.
  far.clock.observe(lastUlidAt(50_000));
  expect(ulidTime(far.clock.next())).toBe(50_001);
});

test('every id is greater than each promise, and a promise takes nothing back', () => {
  const { clock, wall } = clockAt(10_000);
  const promises: string[] = [];
  for (const time of [10_000, 10_000, 9_500, 11_000, 10_500]) {
    wall.time = time;
    const promise = clock.promise();
    expect(isValid(promise)).toBe(true);
    const id = clock.next();
    expect(id > promise).toBe(true);
    promises.push(promise, id);
  }
  expect([...promises].sort()).toEqual(promises);
});

test('two masters that saw the same id never make the same one', () => {
  const seen = clockAt(10_000, 'third').clock.next();
  const left = clockAt(9_990, 'left');
  const right = clockAt(9_990, 'right');
  const made = new Set<string>();
  for (const { clock } of [left, right]) clock.observe(seen);
  for (let i = 0; i < 70_000; i++) {
    made.add(left.clock.next());
    made.add(right.clock.next());
  }
  expect(made.size).toBe(140_000);
});

test('the bits behind the counter are random, once for each clock', () => {
  const { clock } = clockAt(10_000);
  const tails = new Set(Array.from({ length: 100 }, () => clock.next().slice(14)));
  expect(tails.size).toBe(1);
  const others = new Set(Array.from({ length: 200 }, (_, i) => clockAt(10_000, `s${i}`).clock.next().slice(14)));
  expect(others.size).toBe(200);
});

test('a fraction of a millisecond and times before 1970 do no harm', () => {
  const { clock, wall } = clockAt(1.75);
  expect(ulidTime(clock.next())).toBe(1);
  wall.time = -5;
  expect(isValid(clock.next())).toBe(true);
  expect(lastUlidAt(-1)).toBe(lastUlidAt(0));
  expect(lastUlidAt(Infinity)).toBe(ULID_MAX);
});

const CROCKFORD = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const NEARLY = fc.string({
  unit: fc.constantFrom(...Array.from(`${CROCKFORD}ILOU8aZz-é`)),
  minLength: 24,
  maxLength: 27,
});
const TIMES = fc.integer({ min: 0, max: 2 ** 48 - 1 });

test('the hot path reads, checks and makes ids as the package does', () => {
  fc.assert(
    fc.property(TIMES, fc.integer({ min: 1, max: 50 }), NEARLY, (time, count, text) => {
      const { clock } = clockAt(time, text, Infinity);
      const ids = [ulid(time), ...Array.from({ length: count }, () => clock.next())];
      for (const id of ids) {
        expect([isId(id), isUlid(id), isValid(id)]).toEqual([true, true, true]);
        expect([idTime(id), ulidTime(id)]).toEqual([decodeTime(id), decodeTime(id)]);
      }
      expect(clock.next().slice(0, 10)).toBe(encodeTime(time));
      // The package takes lower case and more than 128 bits as well; here neither is canonical.
      expect(isId(text)).toBe(isUlid(text));
      expect(isUlid(text)).toBe(isValid(text) && text === text.toUpperCase() && text < '8');
    }),
  );
});

test('the time of what is no ULID is refused', () => {
  for (const text of ['', 'yesterday', '8ZZZZZZZZZZZZZZZZZZZZZZZZZ', ULID_MAX.toLowerCase()])
    expect(() => ulidTime(text)).toThrow(expect.objectContaining({ code: 'INVALID_OPTION' }));
});
