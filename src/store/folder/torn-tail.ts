import { type FileSystem, namesIn, replaceFile } from './file-system.js';
import { segmentName } from './layout.js';

/** Cuts a torn tail off and keeps it aside, so that nothing is ever thrown away unseen. Gives what to say about it. */
export async function keepTornTail(
  fs: FileSystem,
  directory: string,
  { first, size }: { first: number; size: number },
  torn: Uint8Array,
): Promise<string> {
  const segment = `${directory}/${segmentName(first)}`;
  const name = await freeName(fs, directory, `${segmentName(first)}.${size}`, 'torn');
  await replaceFile(fs, directory, name, [torn]);
  const file = await fs.open(segment, false);
  try {
    await file.truncate(size);
  } finally {
    await file.close();
  }
  return `A crash left ${torn.length} unfinished bytes in ${segment}, as an unfinished write does. They were cut and kept as ${name}.`;
}

/** `<base>.<ending>`, or `<base>.2.<ending>` and so on if that is taken: what was kept aside earlier is never overwritten. */
export async function freeName(fs: FileSystem, directory: string, base: string, ending: string): Promise<string> {
  const taken = new Set(await namesIn(fs, directory, 'file'));
  let name = `${base}.${ending}`;
  for (let number = 2; taken.has(name); number++) name = `${base}.${number}.${ending}`;
  return name;
}
