import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { InvalidOptionError } from '../errors.js';
import type { ModelClass } from '../model/definition.js';
import { definitionOf } from '../model/prevalent.js';

/**
 * Loads the model that `file#Class` names: an export of a JavaScript module. A TypeScript file needs a loader, as in
 * `node --import tsx node_modules/.bin/prevalent …`.
 *
 * @throws InvalidOptionError (`INVALID_OPTION`) if there is no such module or export, NotPrevalentError (`NOT_PREVALENT`) if it is no model
 */
export async function loadModel(place: string): Promise<ModelClass> {
  const at = place.lastIndexOf('#');
  const [file, name] = [place.slice(0, at), place.slice(at + 1)];
  if (at <= 0 || name === '')
    throw new InvalidOptionError(
      `--model ${place}: give a file and the name of an export, as in ./dist/todo.js#TodoList`,
    );
  let module: Record<string, unknown>;
  try {
    module = (await import(pathToFileURL(resolve(file)).href)) as Record<string, unknown>;
  } catch (cause) {
    const hint = /\.[cm]?tsx?$/.test(file)
      ? ' TypeScript needs a loader: node --import tsx node_modules/.bin/prevalent …'
      : '';
    throw new InvalidOptionError(
      `--model ${place}: the module cannot be loaded (${(cause as Error).message}).${hint}`,
      {
        cause,
      },
    );
  }
  const found = module[name];
  if (typeof found !== 'function')
    throw new InvalidOptionError(
      `--model ${place}: ${file} exports no class ${name}; it exports ${Object.keys(module).join(', ') || 'nothing'}`,
    );
  // Whether it is a model at all.
  definitionOf(found as ModelClass);
  return found as ModelClass;
}
