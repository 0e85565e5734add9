import { engineNotice, enginesOf } from '../../../src/protocol/engines.js';
import type { Heard } from '../../../src/protocol/seen.js';
import { at, heard } from './facts.js';

const on = (master: string, engine: string | undefined, epoch?: string): Heard => {
  const one = heard(master, [], { engine });
  return epoch === undefined ? one : { ...one, stream: { master, epoch } };
};

test('the engine of each other master is that of its newest stream', () => {
  const list = [on('a', 'v8 1.1'), on('b', 'v8 12.4', at(5)), on('b', 'v8 11.3', at(1)), on('c', undefined)];
  expect([...enginesOf(list)]).toEqual([['b', 'v8 12.4']]);
});

test('a newest stream that does not tell its engine has none', () => {
  expect([...enginesOf([on('b', 'v8 11.3', at(1)), on('b', undefined, at(5))])]).toEqual([]);
});

describe('the notice', () => {
  const engines = new Map([
    ['desk', 'v8 12.4'],
    ['phone', 'v8 11.3'],
    ['tablet', 'v8 14.2'],
  ]);
  test('names every engine that is another, and where', () => {
    expect(engineNotice('v8 11.3', engines, new Set())).toMatch(
      /: v8 11\.3 here, v8 12\.4 at desk, v8 14\.2 at tablet\./,
    );
  });
  test.each([
    ['all are the same', 'v8 12.4', [['desk', 'v8 12.4']], []],
    ['they were told of before', 'v8 11.3', [...engines], ['v8 12.4', 'v8 14.2']],
    ['its own is not known', undefined, [...engines], []],
    ['nobody else is heard of', 'v8 12.4', [], []],
  ] as const)('says nothing when %s', (_, own, others, told) => {
    expect(engineNotice(own, new Map(others), new Set(told))).toBeUndefined();
  });
});
