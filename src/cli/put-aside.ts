import { basename, dirname } from 'node:path';
import { type FileSystem, replaceFile } from '../store/folder/file-system.js';
import { freeName } from '../store/folder/torn-tail.js';
import type { Print } from './folder.js';

/** Cuts a file, and keeps what is cut beside it. */
export async function cutAt(
  fs: FileSystem,
  file: string,
  bytes: Uint8Array,
  byte: number,
  print: Print,
): Promise<void> {
  const directory = dirname(file);
  const aside = await freeName(fs, directory, `${basename(file)}.${byte}`, 'rejected');
  await replaceFile(fs, directory, aside, [bytes.subarray(byte)]);
  const open = await fs.open(file, false);
  try {
    await open.truncate(byte);
  } finally {
    await open.close();
  }
  print(`What was cut is kept as ${directory}/${aside}.`);
}

/** Gives a file or directory a name under which nobody takes it for data. */
export async function putAside(fs: FileSystem, directory: string, name: string, print: Print): Promise<void> {
  const aside = await freeName(fs, directory, name, 'rejected');
  await fs.rename(`${directory}/${name}`, `${directory}/${aside}`);
  await fs.syncDirectory(directory);
  print(`Put aside as ${directory}/${aside}.`);
}
