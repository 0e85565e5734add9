import { Prevalent } from 'prevalent';
import { graphText } from '../../property/state-graph.js';
import { Managed } from './managed.js';

class Label {
  name = 'label';
}

@Prevalent('state-undo', { classes: [Label] })
class Model {
  map = new Map<unknown, unknown>('abcdef'.split('').map((key) => [key, key]));
  set = new Set<unknown>('abcdef');
  plain: Record<PropertyKey, unknown> = {
    a: 1,
    b: 2,
    c: 3,
    1: 'one',
    d: 4,
    [Symbol.for('s')]: 5,
    [Symbol.for('t')]: 6,
  };
  list: unknown[] = [1, 2, 3];
  label = new Label();
}

/** Runs, undoes and compares; gives the state in between. */
function undone(...bodies: ((model: Model) => unknown)[]): void {
  const managed = new Managed(Model);
  const states = [graphText(managed.raw)];
  const logs = bodies.map((body) => {
    const { undo } = managed.apply(body);
    states.push(graphText(managed.raw));
    return undo;
  });
  managed.undo(...logs);
  expect(graphText(managed.raw)).toBe(states[0]);
  const again = bodies.map((body) => managed.apply(body).undo);
  expect(graphText(managed.raw)).toBe(states[states.length - 1]);
  for (let i = again.length - 1; i >= 0; i--) {
    managed.undo(again[i]!);
    expect(graphText(managed.raw)).toBe(states[i]);
  }
}

describe('iteration order comes back', () => {
  test('of a Map after deletes', () => {
    undone(
      (m) => m.map.delete('b'),
      (m) => m.map.delete('a'),
      (m) => m.map.delete('e'),
    );
  });
  test('of a Map after a delete and a new insert of the same key', () => {
    undone(
      (m) => {
        m.map.delete('b');
        m.map.set('b', 'again');
        m.map.set('new', 1);
        m.map.delete('c');
      },
      (m) => m.map.delete('b'),
    );
  });
  test('of a Map after clear, in the middle of other writes', () => {
    undone(
      (m) => m.map.delete('c'),
      (m) => {
        m.map.set('x', 1);
        m.map.clear();
        m.map.set('f', 1);
        m.map.set('a', 1);
        m.map.delete('f');
      },
      (m) => m.map.set('b', 2),
    );
  });
  test('of a Map with objects for keys', () => {
    undone(
      (m) => {
        m.map.set(m.label, 1);
        m.map.delete('a');
      },
      (m) => m.map.delete(m.label),
    );
  });
  test('of a Set after deletes and clear', () => {
    undone(
      (m) => m.set.delete('a'),
      (m) => {
        m.set.add('a');
        m.set.delete('c');
      },
      (m) => m.set.clear(),
      (m) => m.set.add('z'),
    );
  });
  test('of an object after deletes of strings, symbols and indices', () => {
    undone(
      (m) => delete m.plain.b,
      (m) => delete m.plain[Symbol.for('s')],
      (m) => {
        delete m.plain[1];
        m.plain.b = 'again';
        m.plain[Symbol.for('u')] = 1;
        delete m.plain.a;
      },
    );
  });
  test('of an instance', () => {
    undone(
      (m) => delete (m as Partial<Model>).map,
      (m) => ((m as { extra?: number }).extra = 1),
      (m) => delete (m as Partial<Model>).label,
    );
  });
  test('when a transaction throws', () => {
    const managed = new Managed(Model);
    const before = graphText(managed.raw);
    expect(() =>
      managed.transact((m) => {
        m.map.delete('a');
        m.set.delete('a');
        delete m.plain.a;
        throw new Error('midway');
      }),
    ).toThrow('midway');
    expect(graphText(managed.raw)).toBe(before);
  });
});

describe('arrays come back', () => {
  test('with their holes', () => {
    undone(
      (m) => {
        m.list[6] = 'far';
        Reflect.deleteProperty(m.list, 1);
      },
      (m) => m.list.splice(1, 4),
      (m) => m.list.reverse(),
      (m) => (m.list.length = 1),
    );
  });
  test('with fields of their own', () => {
    undone(
      (m) => Object.assign(m.list, { title: 't', '01': 'no index' }),
      (m) => {
        delete (m.list as { '01'?: unknown })['01'];
        m.list.push(1);
      },
      (m) => delete (m.list as { title?: unknown }).title,
    );
  });
  test('when they are long', () => {
    undone(
      (m) => (m.list = Array.from({ length: 200_000 }, (_, index) => index)),
      (m) => m.list.splice(10, 150_000),
      (m) => (m.list.length = 0),
    );
  });
  test('after sort called the comparison, which threw', () => {
    undone((m) => {
      try {
        m.list.sort(() => {
          throw new Error('no');
        });
      } catch {
        m.list.push('caught');
      }
    });
  });
});

test('undo data is given back after it was used', () => {
  const managed = new Managed(Model);
  const { undo } = managed.apply((m) => m.list.sort());
  expect(undo.empty).toBe(false);
  const { bytes } = undo;
  managed.undo(undo);
  expect(undo.empty).toBe(true);
  expect(undo.bytes).toBeLessThan(bytes);
});

test('a transaction that only reads records nothing', () => {
  const { undo } = new Managed(Model).apply((m) => [...m.map.values(), m.list.map(String), JSON.stringify(m.plain)]);
  expect(undo.empty).toBe(true);
});
