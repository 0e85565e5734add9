import { crc32 as zlibCrc32 } from 'node:zlib';
import fc from 'fast-check';
import { crc32, tableCrc32, useCrc32 } from '../../../src/event/checksum.js';

test('the table gives what zlib gives, for texts and bytes, in one piece and in two', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.uint8Array(), (text, bytes) => {
      expect(tableCrc32(text)).toBe(zlibCrc32(text));
      expect(tableCrc32(bytes)).toBe(zlibCrc32(bytes));
      expect(tableCrc32(bytes, tableCrc32(text))).toBe(zlibCrc32(bytes, zlibCrc32(text)));
    }),
  );
});

test('a platform may bring a faster one', () => {
  expect(crc32('123456789')).toBe(0xcbf43926);
  useCrc32(() => 7);
  expect(crc32('123456789')).toBe(7);
  useCrc32(zlibCrc32);
  expect(crc32('123456789')).toBe(0xcbf43926);
});
