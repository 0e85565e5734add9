/** What the compiler infers of constants and values: each `@ts-expect-error` says why. */
import { Decimal } from 'decimal.js';
import { DateTime } from 'luxon';
import { Prevalent, type PrevalentOptions } from 'prevalent';

class Secret {
  static make(text: string): Secret {
    return new Secret(text);
  }
  private constructor(readonly text: string) {}
}

/** Never called: its body is for the compiler. */
function declarations(): void {
  Prevalent('values', {
    values: {
      decimal: { class: Decimal, encode: (d) => d.toString(), decode: (s) => new Decimal(s) },
      moment: {
        class: DateTime,
        encode: (d) => ({ ms: d.toMillis(), zone: d.zoneName }),
        decode: ({ ms, zone }: { ms: number; zone: string }) => DateTime.fromMillis(ms, { zone }),
      },
      url: { class: URL, encode: (u) => u.href, decode: (s: string) => new URL(s) },
      secret: { class: Secret, encode: (s) => [s.text], decode: ([text]: [string]) => Secret.make(text) },
    },
  });
  // @ts-expect-error -- what encode gets is an instance of the class
  Prevalent('values', { values: { url: { class: URL, encode: (u) => u.nothing, decode: (s) => new URL(s) } } });
  // @ts-expect-error -- decode gives an instance of the class
  Prevalent('values', { values: { url: { class: URL, encode: (u) => u.href, decode: () => 'text' } } });
  // @ts-expect-error -- a Date is no plain data
  Prevalent('values', { values: { m: { class: DateTime, encode: (d) => d.toJSDate(), decode: (d) => d } } });
  // @ts-expect-error -- decode is missing
  Prevalent('values', { values: { url: { class: URL, encode: (u) => u.href } } });
  Prevalent('constants', { constants: { 'status.open': { label: 'open' }, list: [1, 2] } });
  // @ts-expect-error -- what has no identity is no constant
  Prevalent('constants', { constants: { open: 'open' } });
  const options: PrevalentOptions = { constants: { one: {} }, version: 1 };
  Prevalent('constants', options);
}

test('the file loads', () => {
  expect(declarations).toBeInstanceOf(Function);
});
