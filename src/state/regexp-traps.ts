import type { Recorder } from './recorder.js';
import { objectTraps } from './object-traps.js';
import { SET_PROPERTY } from './undo-log.js';

type Method = (this: unknown, ...args: unknown[]) => unknown;

/** Traps for RegExp: its methods need the real object, and `exec` writes `lastIndex` when the expression is global or sticky. */
export function regexpTraps(membrane: Recorder): ProxyHandler<RegExp> {
  const shape = objectTraps(membrane)({});
  return {
    ...(shape as ProxyHandler<RegExp>),
    get(target, key) {
      const value = Reflect.get(target, key, target) as unknown;
      return typeof value === 'function' && key !== 'constructor' ? recorded(value as Method, membrane) : value;
    },
  };
}

function recorded(native: Method, membrane: Recorder): Method {
  return function (this: unknown, ...args) {
    const raw = membrane.unwrap(this) as RegExp;
    const before = raw.lastIndex;
    const stateful = raw.global || raw.sticky;
    if (stateful) membrane.writing(raw, 'lastIndex');
    const result = native.apply(raw, args);
    if (raw.lastIndex !== before) membrane.log?.push(SET_PROPERTY, raw, 'lastIndex', before);
    return result;
  };
}
