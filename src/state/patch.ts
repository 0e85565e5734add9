/**
 * One step that brings a copy of the model in line with it. `path` leads from the model to a place: property names, array indices, map keys, and
 * for members of a set the member itself. What it holds is a copy, as it was at that moment.
 */
export type Patch =
  /** A value at a place, or at the end of what holds it; at the empty path the whole model. */
  | { readonly kind: 'set'; readonly path: readonly unknown[]; readonly value: unknown }
  /** It is gone; in an array, a hole is left. */
  | { readonly kind: 'delete'; readonly path: readonly unknown[] }
  /** Elements of the array at `path`: so many go out at an index, and these come in. */
  | {
      readonly kind: 'splice';
      readonly path: readonly unknown[];
      readonly index: number;
      readonly removed: number;
      readonly inserted: readonly unknown[];
    };

type Fields = Record<PropertyKey, unknown>;

/**
 * Applies the steps of one change of a state to a view: a copy of the model as it was before, or what was made of it by the same steps.
 *
 * @param view changed in place; what the steps hold becomes part of it
 * @returns the view; another object if a step replaces the whole model
 * @example
 * ```ts
 * import { applyPatches, copyOf, Master, MemoryStore, Prevalent, Transaction } from 'prevalent';
 *
 * @Prevalent('counter-of-patches-docs')
 * class Counter {
 *   value = 0;
 *   @Transaction() add(by: number): void { this.value += by; }
 * }
 *
 * const master = await Master.open(Counter, { name: 'laptop', store: new MemoryStore() });
 * let view = copyOf(master.model);
 * master.on('state', ({ patches }) => { view = applyPatches(view, patches); });
 * master.model.add(2);
 * console.log(view.value); // 2
 * await master.close();
 * ```
 */
export function applyPatches<View>(view: View, patches: readonly Patch[]): View {
  let root: unknown = view;
  for (const patch of patches) {
    if (patch.kind === 'splice') splice(at(root, patch.path) as unknown[], patch);
    else if (patch.path.length === 0) root = (patch as { readonly value: unknown }).value;
    else {
      const holder = at(root, patch.path.slice(0, -1)) as object;
      const key = patch.path.at(-1);
      if (patch.kind === 'set') put(holder, key, patch.value);
      else remove(holder, key);
    }
  }
  return root as View;
}

function at(root: unknown, path: readonly unknown[]): unknown {
  let value = root;
  for (const part of path) value = value instanceof Map ? value.get(part) : (value as Fields)[part as PropertyKey];
  return value;
}

function put(holder: object, key: unknown, value: unknown): void {
  if (holder instanceof Map) holder.set(key, value);
  else if (holder instanceof Set) holder.add(value);
  else if (Object.getOwnPropertyDescriptor(holder, key as PropertyKey)?.writable === true)
    Reflect.set(holder, key as PropertyKey, value);
  // Not by assignment: a class may have a setter of that name, or the property may be read-only.
  else
    Object.defineProperty(holder, key as PropertyKey, { value, writable: true, enumerable: true, configurable: true });
}

function remove(holder: object, key: unknown): void {
  if (holder instanceof Map || holder instanceof Set) holder.delete(key);
  else Reflect.deleteProperty(holder, key as PropertyKey);
}

/** As `splice` of arrays, with the holes of what comes in. */
function splice(list: unknown[], { index, removed, inserted }: Extract<Patch, { kind: 'splice' }>): void {
  const rest = list.splice(index);
  list.length = index;
  append(list, inserted);
  append(list, rest.slice(removed));
}

function append(list: unknown[], more: readonly unknown[]): void {
  const from = list.length;
  list.length += more.length;
  for (const index of Object.keys(more)) list[from + Number(index)] = more[Number(index)];
}
