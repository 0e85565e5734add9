import { isMasterName, isStreamKey, streamKey } from '../../../src/event/event.js';

const stream = { master: 'laptop', epoch: '01HF7YAT00FQ2VRP41VVTGRSXB' };

test('names of masters', () => {
  for (const name of ['a', '0', 'laptop-2', 'a'.repeat(63)]) expect(isMasterName(name)).toBe(true);
  for (const name of ['', '-a', 'A', 'a.b', 'a b', 'a/b', '..', 'a\n', 'ä', 'a'.repeat(64), 'a@b', null, 5])
    expect(isMasterName(name)).toBe(false);
  expect(streamKey(stream)).toBe('laptop@01HF7YAT00FQ2VRP41VVTGRSXB');
});

test('keys of streams', () => {
  expect(isStreamKey(streamKey(stream))).toBe(true);
  for (const key of ['', '@', 'laptop', 'laptop@', 'laptop@x', '../a@01HF7YAT00FQ2VRP41VVTGRSXB', '__proto__', null, 5])
    expect(isStreamKey(key)).toBe(false);
});
