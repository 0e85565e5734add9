import { NodeNumbers } from '../../../src/state/snapshot-numbers.js';

test('numbers follow each other, in however many Maps they stand', () => {
  const numbers = new NodeNumbers(2);
  const objects = Array.from({ length: 100 }, () => ({}));
  for (const object of objects) {
    expect(numbers.get(object)).toBeUndefined();
    expect(numbers.add(object)).toBe(numbers.size - 1);
  }
  expect(objects.map((object) => numbers.get(object))).toEqual(objects.map((_, index) => index));
  expect(numbers.get({})).toBeUndefined();
});
