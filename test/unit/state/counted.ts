/** Arrays that count what is done to them, so that tests tell linear work from quadratic without a clock. */
export class Counted {
  operations = 0;

  /** An array of which each read, write, delete and look counts one. */
  array<T>(elements: readonly T[] = []): T[] {
    const count = (): void => {
      this.operations++;
    };
    const raw: T[] = [];
    Object.assign(raw, elements);
    return new Proxy(raw, {
      get: (target, key) => (count(), Reflect.get(target, key) as unknown),
      has: (target, key) => (count(), Reflect.has(target, key)),
      set: (target, key, value) => (count(), Reflect.set(target, key, value)),
      deleteProperty: (target, key) => (count(), Reflect.deleteProperty(target, key)),
      getOwnPropertyDescriptor: (target, key) => (count(), Reflect.getOwnPropertyDescriptor(target, key)),
    });
  }
}
