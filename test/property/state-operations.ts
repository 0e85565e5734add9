/** What random programs do to objects, by their kind. Every operation gives what it read. */

/** Where a program runs. */
export interface Context {
  readonly world: object;
  /** Objects the program came by. */
  readonly registers: unknown[];
  /** Notes what was read. */
  saw(what: unknown): void;
}

type Operation = (target: any, values: any[], numbers: readonly number[], context: Context) => unknown;

const KEYS = ['a', 'b', 'c', 'n', '1', '0', '12', 'label', 'x', Symbol.for('s'), Symbol.for('t'), 'count', 'note'];

const keyOf = (target: object, numbers: readonly number[]): PropertyKey => {
  // An error's stack differs from run to run, and a message or name that refers to the error itself ends every toString.
  const own = target instanceof Error ? [] : Reflect.ownKeys(target);
  const all = numbers[0]! % 2 === 0 && own.length > 0 ? own : KEYS;
  return all[Math.abs(numbers[1]! * 3 + numbers[2]!) % all.length]!;
};

const json = (value: unknown): string => {
  try {
    // Nothing comes of undefined, whatever the types say.
    return [JSON.stringify(value)].join();
  } catch (error) {
    return (error as Error).name;
  }
};

const OBJECT: Operation[] = [
  (o, [v], n) => void (o[keyOf(o, n)] = v),
  (o, [v], n) => void (o[keyOf(o, n)] = v),
  (o, [v, w], n) => {
    o[KEYS[n[1]! & 7]!] = v;
    o[KEYS[n[2]! & 7]!] = w;
  },
  (o, _, n) => delete o[keyOf(o, n)],
  (o, _, n) => delete o[keyOf(o, n)],
  (o, [v], n) => {
    const key = keyOf(o, n);
    delete o[key];
    o[key] = v;
  },
  (o, [v], n) => {
    Object.defineProperty(o, keyOf(o, n), { value: v, configurable: true, writable: n[0]! > 0, enumerable: n[1]! > 0 });
  },
  (o, _, n) => Reflect.defineProperty(o, keyOf(o, n), { enumerable: n[0]! > 0, configurable: true }),
  (o, [v, w]) => void Object.assign(o, { a: v, z: w }),
  (o, [v]) => void Object.assign(o, v),
  (o) => Object.keys(o).join(),
  (o) =>
    Object.entries(o)
      .map(([key, value]) => `${key}=${typeof value}`)
      .join(),
  (o) => Object.values(o),
  (o) => json(o),
  (o, _, n) => [keyOf(o, n) in o, Object.hasOwn(o, keyOf(o, n))].join(),
  (o) => ({ ...o }),
  (o) => {
    const { a, ...rest } = o;
    return [a, rest];
  },
  (o, _, n) => o[keyOf(o, n)] === o[keyOf(o, n)] || 'NaN',
  (o, [v], n) => {
    const key = keyOf(o, n);
    o[key] = v;
    return Object.is(o[key], v);
  },
  (o) => (Object.getPrototypeOf(o) === null ? 'null' : o.constructor.name),
  (o) => {
    const keys = [];
    for (const key in o) keys.push(key);
    return keys.join();
  },
  (o) => structuredCloneable(o),
  (o) => {
    for (const key of Reflect.ownKeys(o)) if (typeof o[key] === 'number' && key !== 'length') o[key]++;
  },
  (o, [v], n) => Reflect.set(o, keyOf(o, n), v),
  (o, _, n) => Reflect.deleteProperty(o, keyOf(o, n)),
  (o) => `${Object.isExtensible(o)} ${Object.isFrozen(o)}`,
  (o, _, n) =>
    JSON.stringify(Object.getOwnPropertyDescriptor(o, keyOf(o, n)), (key, value) => (key === 'value' ? 0 : value)),
];

function structuredCloneable(o: object): string {
  return `${o instanceof Map} ${o instanceof Error} ${Array.isArray(o)} ${o instanceof Date}`;
}

const byText = (left: unknown, right: unknown): number => {
  const [a, b] = [left, right].map((one) => `${typeof one}${typeof one === 'symbol' ? '' : json(one)}`) as [
    string,
    string,
  ];
  return a < b ? -1 : a > b ? 1 : 0;
};

const ARRAY: Operation[] = [
  (a, v) => a.push(...v),
  (a, [v]) => a.push(v),
  (a) => a.pop(),
  (a) => a.shift(),
  (a, v) => a.unshift(...v),
  (a, v, n) => a.splice(n[0], n[1], ...v),
  (a, [v], n) => a.splice(n[0], n[1], v),
  (a, _, n) => a.splice(n[0]),
  (a) => a.splice(),
  (a, _, n) => a.splice(n[0], undefined),
  (a) => a.sort(byText) === a,
  (a) => {
    a.sort((left: unknown, right: unknown) => {
      if (typeof left === 'object') throw new Error('not comparable');
      return byText(left, right);
    });
  },
  (a) => a.sort() === a,
  (a) => a.reverse() === a,
  (a, [v], n) => a.fill(v, n[0], n[1]) === a,
  (a, _, n) => a.copyWithin(n[0], n[1], n[2]) === a,
  (a, _, n) => void (a.length = Math.abs(n[0]!)),
  (a, _, n) => void (a.length = n[0]!),
  (a) => void (a.length = 0),
  (a, [v], n) => void (a[Math.abs(n[0]!)] = v),
  (a: unknown[], [v]) => void (a[a.length + 2] = v),
  (a, _, n) => delete a[Math.abs(n[0]!)],
  (a, [v]) => void (a.title = v),
  (a) => delete a.title,
  (a, [v]) => void (a['01'] = v),
  (a) => delete a['01'],
  (a, v) => a.concat(v, a),
  (a, _, n) => a.slice(n[0], n[1]),
  (a) => a.map((one: unknown) => [one]),
  (a) => a.filter((one: unknown) => typeof one === 'object'),
  (a, [v], n) =>
    [a.indexOf(v), a.includes(v), a.lastIndexOf(a[n[0]!]), a.indexOf(a[n[0]!]), a.includes(a.at(n[0]))].join(),
  (a, [v]) => {
    a.push(v);
    return [a.includes(v), a.indexOf(v) >= 0, a[a.length - 1] === v || typeof v].join();
  },
  (a) => a.flat(),
  (a) => a.flatMap((one: unknown) => [one, one]),
  (a, _, n) => a.at(n[0]),
  (a) => a.find((one: unknown) => typeof one === 'object'),
  (a) => a.findLastIndex((one: unknown) => typeof one === 'string'),
  (a) => {
    for (const one of a) if (a.length < 9 && typeof one === 'number') a.push(one + 1);
  },
  (a) => {
    a.forEach((one: unknown, index: number, all: unknown[]) => {
      if (typeof one === 'string') all[index] = one + '!';
    });
  },
  (a) => {
    const [first, ...rest] = a;
    return [rest, first];
  },
  (a) => {
    if (a.length > 1) [a[0], a[1]] = [a[1], a[0]];
  },
  (a) => [...a],
  (a) => Array.from(a, (one) => [one]),
  (a) => a.toReversed(),
  (a, [v]) => (a.length === 0 ? 0 : a.with(0, v)),
  (a) => a.toSorted(byText),
  (a) => a.reduce((sum: number, one: unknown) => sum + (typeof one === 'number' ? one : 1), 0),
  (a) => Object.keys(a).join(),
  (a) => a.length,
  (a) => [...a.entries()],
  (a, v) => Array.prototype.push.apply(a, v),
  (a, [v], n) =>
    Object.defineProperty(a, Math.abs(n[0]!), { value: v, writable: true, enumerable: true, configurable: true }) === a,
  (a) => ('pushTwice' in a ? a.pushTwice(a.top) : 0),
  (a, [v]) => ('top' in a ? void (a.top = v) : 0),
];

const MAP: Operation[] = [
  (m, [v, w]) => m.set(v, w) === m,
  (m, [v, w]) => m.set(v, w).set(w, v) === m,
  (m, [v], n) => void m.set(n[0], v),
  (m, [v, w]) => {
    m.set(v, w);
    return [m.get(v) === w || typeof w, m.has(v), m.size].join();
  },
  (m, [v]) => m.delete(v),
  (m, _, n) => m.delete([...m.keys()][n[0]!]),
  (m, _, n) => m.delete([...m.keys()][Math.abs(n[1]!)]),
  (m, [v], n) => {
    const key = [...m.keys()][Math.abs(n[1]!) % (Number(m.size) + 1)];
    m.delete(key);
    m.set(key, v);
  },
  (m) => m.clear(),
  (m) => m.size,
  (m, _, n) => m.get([...m.keys()][n[0]!]),
  (m) => {
    for (const [key, value] of m) if (typeof value !== 'object') m.delete(key);
  },
  (m) => {
    for (const key of m.keys()) if (m.size < 8 && typeof key === 'number') m.set(key + 1, key);
  },
  (m) => {
    m.forEach((value: unknown, key: unknown, all: Map<unknown, unknown>) => {
      if (typeof value === 'number') all.set(key, value + 1);
    });
  },
  (m) => [...m],
  (m) => new Map(m),
  (m) => [...m.values()],
  (m) => Object.fromEntries([...m].filter(([key]) => typeof key === 'string')),
  (m) => String(m.entries()),
  (m, [v, w]) => ('addAll' in m ? m.addAll(v, w) : 0),
  (m, [v]) => ('first' in m ? void (m.first = v) : 0),
  (m) => m.first,
  (m) => {
    const iterator = m.entries();
    iterator.next();
    m.delete([...m.keys()][0]);
    return iterator.next().done;
  },
];

const SET: Operation[] = [
  (s, [v]) => s.add(v) === s,
  (s, [v, w]) => s.add(v).add(w) === s,
  (s, [v]) => {
    s.add(v);
    return s.has(v);
  },
  (s, [v]) => s.delete(v),
  (s, _, n) => s.delete([...s][n[0]!]),
  (s, _, n) => s.delete([...s][Math.abs(n[1]!)]),
  (s, _, n) => {
    const one = [...s][Math.abs(n[1]!) % (Number(s.size) + 1)];
    s.delete(one);
    s.add(one);
  },
  (s) => s.clear(),
  (s) => s.size,
  (s) => [...s],
  (s) => [...s.entries()],
  (s) => new Set(s),
  (s) => {
    for (const one of s) if (typeof one === 'string' && s.size < 8) s.add(`${one}${one.length}`);
  },
  (s) => ('drop' in s ? s.drop() : 0),
  (s) => {
    s.forEach((one: unknown, _: unknown, all: Set<unknown>) => {
      if (typeof one === 'number') all.delete(one);
    });
  },
  (s) => String(s.values()),
];

const DATE: Operation[] = [
  (d, _, n) => d.setTime(n[0]! * 1000),
  (d, _, n) => d.setUTCFullYear(2000 + n[0]!, n[1]),
  (d, _, n) => d.setUTCHours(n[0]!),
  (d) => d.setTime(NaN),
  (d) => new Date(d).getTime(),
  (d) => d.getTime(),
  (d) => json(d),
  (d) => new Date(Number(d.getTime()) + 1),
  (d) => `${d > new Date(0)} ${d - 1}`,
  // Outside of transactions Jest's clone is of another realm.
  (d) => new Date(structuredClone(d).getTime()),
];

const BYTES: Operation[] = [
  (b, _, n) => void (b[Math.abs(n[0]!)] = n[1]),
  (b, _, n) => b.fill(n[0], n[1], n[2]) === b,
  (b, _, n) => {
    b.set([n[0], n[1]], 0);
  },
  (b) => b.sort() === b,
  (b) => b.reverse() === b,
  (b, _, n) => b.copyWithin(n[0], n[1]) === b,
  (b, _, n) => void b.subarray(1).fill(n[0]),
  (b) => {
    b.forEach((one: number, index: number, all: Uint8Array) => (all[index] = one + 1));
  },
  (b) => b.map((one: number) => one * 2),
  (b) => b.filter((one: number) => one > 2),
  (b) => b.join(),
  (b) => [...b].join(),
  (b) => b.length,
  (b, _, n) => b.indexOf(b[n[0]!]),
  (b) => Buffer.from(b).toString('hex'),
  (b) => (b instanceof Buffer ? b.writeUInt8(7, 1) : 0),
  (b) => (b instanceof Buffer ? b.write('wr') : 0),
  (b) => (b instanceof Buffer ? b.toString('utf8') : 0),
  (b) => Float64Array.from(b),
];

const VIEW: Operation[] = [
  (v, _, n) => v.setInt8(Math.abs(n[0]!), n[1]),
  (v, _, n) => v.setFloat64(Math.abs(n[0]!) & 1, n[1]),
  (v, _, n) => v.setInt16(n[0], n[1], true),
  (v) => v.getFloat64(0),
  (v) => v.byteLength,
];

const PATTERN: Operation[] = [
  (r) => r.test('abcabc'),
  (r) => r.exec('xxabc')?.index,
  (r, _, n) => void (r.lastIndex = n[0]),
  (r) => 'abc'.replace(r, '-'),
  (r) => 'abc'.match(r)?.length,
  (r) => 'abc'.search(r),
  (r) => 'xaxbx'.split(r).join(),
  (r) => (r.global ? [...'abc'.matchAll(r)].length : 0),
  (r) => `${r.source} ${r.flags} ${String(r)}`,
  (r) =>
    'abc'.replace(r, () => {
      throw new Error('in replace');
    }),
];

const ITEM: Operation[] = [
  (i) => i.bump() === i,
  (i) => i.double,
  (i, _, n) => void (i.double = n[0]),
  (i, [v]) => ('parts' in i ? void (i.firstPart = v) : 0),
  (i) => i.firstPart,
  (i, [v]) => void (i.note = v),
];

const ERROR: Operation[] = [
  (e) => void (e.message = `${e.message}!`),
  (e, [v]) => void (e.cause = v),
  (e) => `${e.name} ${e.message} ${e instanceof Error}`,
  (e) => delete e.cause,
];

const OTHER: Operation[] = [
  (o) => ('swap' in o ? o.swap() : 0),
  (o, [v]) => ('entry' in o ? void (o.entry = v) : 0),
  (o) => o.size,
  (_, __, ___, context) => json([Math.random(), Date.now(), new Date(), crypto.randomUUID(), typeof context]),
  (_, __, ___, { world }) => {
    (world as { counter: number }).counter++;
  },
];

/** The operations that make sense on an object. */
export function operationsOn(target: object): readonly Operation[] {
  if (Array.isArray(target)) return [...ARRAY, ...OBJECT];
  if (target instanceof Map) return [...MAP, ...MAP, ...OBJECT];
  if (target instanceof Set) return [...SET, ...SET, ...OBJECT];
  if (target instanceof Date) return DATE;
  if (target instanceof DataView) return VIEW;
  if (target instanceof Uint8Array || target instanceof Float64Array) return BYTES;
  if (target instanceof RegExp) return PATTERN;
  if (target instanceof Error) return [...ERROR, ...OBJECT];
  if ('bump' in target) return [...ITEM, ...OBJECT];
  return [...OTHER, ...OBJECT];
}
