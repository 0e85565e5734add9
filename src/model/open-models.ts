import { DuplicateModelError } from '../errors.js';
import type { ModelDefinition } from './definition.js';

/** Masters that are open in one place under one model name: their class, and how many they are. */
interface OpenModel {
  readonly definition: ModelDefinition;
  masters: number;
}

type Names = Map<string, OpenModel>;

interface OpenModels {
  readonly byPath: Map<string, Names>;
  readonly byStore: WeakMap<object, Names>;
}

const KEY = Symbol.for('prevalent.open-models.v1');

const open: OpenModels = ((globalThis as { [KEY]?: OpenModels | undefined })[KEY] ??= {
  byPath: new Map(),
  byStore: new WeakMap(),
});

/**
 * Notes that a master of this model is being opened in a place. A module that is evaluated again makes a new class: masters that
 * are open keep theirs, and the new one waits until they are closed, because two classes would run the same calls differently.
 *
 * @param place a path, or an object that stands for the store
 * @returns what notes that it is closed; more calls of it do nothing
 * @throws DuplicateModelError (`DUPLICATE_MODEL`) if another class is open there under the same name
 */
export function claimModel(place: string | object, definition: ModelDefinition): () => void {
  const names = namesAt(place);
  const other = names.get(definition.name);
  if (other !== undefined && other.definition.model !== definition.model) {
    throw new DuplicateModelError(
      `A master of another class of the model "${definition.name}" is open in this store in this process. ` +
        'If its module was evaluated again (hot reload, jest.resetModules), close the master before you open the new class, ' +
        'or keep it across evaluations: globalThis.master ??= await Master.open(…). ' +
        'If they are different models, give one another name in @Prevalent("…").',
    );
  }
  const claimed = other ?? { definition, masters: 0 };
  claimed.masters++;
  names.set(definition.name, claimed);
  let held = true;
  return () => {
    if (!held) return;
    held = false;
    if (--claimed.masters > 0) return;
    names.delete(definition.name);
    if (names.size === 0 && typeof place === 'string') open.byPath.delete(place);
  };
}

function namesAt(place: string | object): Names {
  const known = typeof place === 'string' ? open.byPath.get(place) : open.byStore.get(place);
  if (known !== undefined) return known;
  const names: Names = new Map();
  if (typeof place === 'string') open.byPath.set(place, names);
  else open.byStore.set(place, names);
  return names;
}
