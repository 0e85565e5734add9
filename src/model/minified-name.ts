/**
 * Tells whether a name looks as if a minifier chose it: none, or one or two characters. Such a name is another class's in the next
 * build.
 */
export function looksMinified(name: string): boolean {
  return name.length <= 2;
}
