/** What the example shows on a terminal: columns, styles, and what does not fit. */
import { fitTo, padTo, screenOf, widthOf } from '../../examples/todo/columns.js';
import { Todo } from '../../examples/todo/todo-list.js';
import { listLines, sideBySide } from '../../examples/todo/view.js';

const todo = (title: string, done = false): Todo =>
  Object.assign(new Todo(`${title.length}000-${title}`, title), { done });

const terminal = (columns: number, isTTY = true): Pick<NodeJS.WriteStream, 'isTTY' | 'columns'> => ({ isTTY, columns });

afterEach(() => {
  delete process.env['NO_COLOR'];
});

test.each([
  ['Tea', 3],
  ['牛乳を買う', 10],
  ['👩‍👩‍👧 call', 7],
  ['é', 1],
])('%s takes %d columns', (text, width) => {
  expect(widthOf(text)).toBe(width);
  expect(widthOf(padTo(text, 12))).toBe(12);
});

test.each([
  ['fits', 4, 'fits'],
  ['longer', 4, 'lon…'],
  ['牛乳を買う', 6, '牛乳…'],
  ['👩‍👩‍👧👩‍👩‍👧', 3, '👩‍👩‍👧…'],
])('%s in %d columns is %s', (text, columns, shown) => {
  expect(fitTo(text, columns)).toBe(shown);
  expect(widthOf(fitTo(text, columns))).toBeLessThanOrEqual(columns);
});

test('two lists stand beside each other whatever their titles', () => {
  const left = ['left', '牛乳を買う', 'x'.repeat(200)];
  const lines = sideBySide(left, ['right', 'b', 'c']);
  const starts = lines.map((line) => widthOf(line.slice(0, line.search(/(right|b|c)$/))));
  expect(new Set(starts).size).toBe(1);
  expect(Math.max(...lines.map(widthOf))).toBeLessThanOrEqual(101);
});

test('a terminal shows what is done struck through, and cuts what is too long', () => {
  const todos = [todo('Tea', true), todo('y'.repeat(200))];
  const lines = listLines(todos, screenOf(terminal(40)));
  expect(lines[0]).toContain('\u001b[9m');
  expect(widthOf(lines[1] ?? '')).toBe(40);
  process.env['NO_COLOR'] = '1';
  expect(listLines(todos, screenOf(terminal(40))).join()).not.toContain('\u001b');
});

test('elsewhere there is nothing of it', () => {
  const lines = listLines([todo('Tea', true), todo('y'.repeat(200))], screenOf(terminal(40, false)));
  expect(lines.join()).not.toContain('\u001b');
  expect(lines[1]).toContain('y'.repeat(200));
});
