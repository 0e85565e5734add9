import type { Facts } from '../../../src/protocol/facts.js';
import { otherVersion, otherVersionNotice } from '../../../src/protocol/other-version.js';
import { type Heard, Lookup } from '../../../src/protocol/seen.js';
import { StoreUnreachableError } from '../../../src/errors.js';
import { A, at, event, facts, header, heard, type Known, line, seal, seen } from './facts.js';

const mine = [1, 2, 3].map((seq) => event('a', seq, at(seq)));
const theirs = event('b', 1, at(9));
const says = (seq: number, id?: string): Heard =>
  heard('b', [theirs], { seen: { [A]: seq }, ...(id === undefined ? {} : { names: { [A]: id } }) });

function found(list: readonly Heard[], known: Known = {}): ReturnType<typeof otherVersion> {
  const given: Facts = facts(known, [...mine, theirs]);
  const looked = new Lookup(seen(list, [{ kind: 'lines', stream: header('a'), after: 1, upTo: 2 }, [line(mine[1]!)]]));
  const other = otherVersion(given, looked);
  expect(looked.isIncomplete()).toBe(false);
  return other;
}

const behindBase: Known = { state: { base: at(3), entries: [] } };

test.each([
  ['nobody says anything', [heard('b', [theirs])], {}, undefined],
  ['all of it', [says(3, at(3))], {}, undefined],
  ['all of it, without names', [says(3)], {}, undefined],
  ['a part', [says(2, at(2))], {}, undefined],
  ['a part that is behind the base', [says(2, at(2))], behindBase, undefined],
  ['more events than there are', [says(4, at(4))], {}, 4],
  ['more, without names', [says(4)], {}, 4],
  ['another last event', [says(3, at(33))], {}, 3],
  ['another event before', [says(2, at(22))], {}, 2],
  ['another event before, behind the base', [says(2, at(22))], behindBase, 2],
  ['an id that another event here has', [says(2, at(3))], {}, 2],
])('another master has accepted %s', (_, list, known, seq) => {
  expect(found(list, known)?.seq).toBe(seq);
});

test.each([
  ['what is here', seal(at(50), { [A]: 3 }, { names: { [A]: at(3) } }), undefined],
  ['more', seal(at(50), { [A]: 4 }), 4],
  ['another event', seal(at(50), { [A]: 2 }, { names: { [A]: at(22) } }), 2],
])('the seal in force names %s', (_, under, seq) => {
  expect(found([], { seal: under })?.seq).toBe(seq);
});

test('what a stranger says changes nothing', () => {
  const stranger = { ...says(9, at(9)), stream: { master: 'c', epoch: at(0) } };
  expect(found([stranger])).toBeUndefined();
});

test('another machine under this name is no stranger', () => {
  const copy = { ...says(9, at(9)), stream: { master: 'a', epoch: at(0) }, own: true };
  expect(found([copy])?.by).toBe('a');
});

test('who can write nothing begins nothing', () => {
  expect(found([says(9)], { own: { failure: new StoreUnreachableError('gone') } })).toBeUndefined();
});

test('an event that is deleted says nothing', () => {
  const looked = new Lookup(seen([says(2, at(22))], [{ kind: 'lines', stream: header('a'), after: 1, upTo: 2 }, []]));
  expect(otherVersion(facts(behindBase, [...mine, theirs]), looked)).toBeUndefined();
});

test('it is told who says what', () => {
  const other = { seq: 3, id: at(33), by: 'b' };
  expect(otherVersionNotice(facts({}, mine), other)).toContain(`b has accepted event 3 (${at(33)}) of ${A}`);
  expect(otherVersionNotice(facts({}, mine), { ...other, id: undefined })).toContain(`accepted event 3 of ${A}`);
});
