import type { Crc32 } from '../../event/checksum.js';
import type { StreamHeader } from '../../event/event.js';
import { headerLine } from '../../event/line.js';
import { type FileSystem, replaceFile } from './file-system.js';
import { segmentName } from './layout.js';

/** Writes a new stream with its first lines in one step: until the file is there, nobody takes the directory for a stream. Gives its size in bytes. */
export async function writeStream(
  fs: FileSystem,
  directory: string,
  header: StreamHeader,
  crc32: Crc32,
  lines: string,
): Promise<number> {
  const bytes = new TextEncoder().encode(`${headerLine(header, crc32)}\n${lines}`);
  await fs.mkdir(directory);
  await fs.syncDirectory(directory.slice(0, directory.lastIndexOf('/')));
  await replaceFile(fs, directory, segmentName(1), [bytes]);
  return bytes.length;
}
