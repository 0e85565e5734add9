/**
 * A text that shows everything that makes up a value: kinds, classes, own properties in their order with their flags, entries,
 * bytes, and which objects are the same one. Frozenness is left out.
 */
export function portraitOf(value: unknown): string {
  return new Portrait().of(value);
}

class Portrait {
  readonly #met = new Map<object, number>();

  of(value: unknown): string {
    if (typeof value === 'string') return JSON.stringify(value);
    if (typeof value === 'bigint') return `${value}n`;
    if (typeof value !== 'object' || value === null) return Object.is(value, -0) ? '-0' : String(value);
    const known = this.#met.get(value);
    if (known !== undefined) return `#${known}`;
    this.#met.set(value, this.#met.size);
    return `${classOf(value)}${this.#inside(value)}{${this.#fields(value).join(', ')}}`;
  }

  #inside(value: object): string {
    if (value instanceof Map)
      return `(${[...value].map(([key, one]) => `${this.of(key)} => ${this.of(one)}`).join(', ')})`;
    if (value instanceof Set) return `(${[...value].map((one) => this.of(one)).join(', ')})`;
    if (value instanceof Date) return `(${value.getTime()})`;
    if (value instanceof RegExp) return `(${value.source} ${value.flags} ${value.lastIndex})`;
    if (value instanceof URL) return `(${value.href})`;
    if (value instanceof ArrayBuffer) return bytesOf(new Uint8Array(value));
    if (ArrayBuffer.isView(value)) return bytesOf(new Uint8Array(value.buffer, value.byteOffset, value.byteLength));
    return '';
  }

  #fields(value: object): string[] {
    if (ArrayBuffer.isView(value)) return [];
    return Reflect.ownKeys(value).map((key) => {
      const field = Object.getOwnPropertyDescriptor(value, key);
      const flags = field?.enumerable === true ? '' : ' hidden';
      const shown = field !== undefined && 'value' in field ? this.of(field.value) : 'accessor';
      return `${String(key)}${flags}: ${shown}`;
    });
  }
}

function classOf(value: object): string {
  const prototype = Object.getPrototypeOf(value) as { constructor: { name: string } } | null;
  return prototype === null ? 'null' : prototype.constructor.name;
}

function bytesOf(bytes: Uint8Array): string {
  return `(${bytes.length} bytes: ${bytes.join(' ')})`;
}
