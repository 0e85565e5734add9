import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { existsSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { InvalidOptionError } from '../errors.js';
import type { ModelClass } from '../model/definition.js';
import { definitionOf } from '../model/prevalent.js';

/** What is used of tsx. */
interface TypeScriptLoader {
  readonly register: (options: { readonly tsconfig?: string }) => unknown;
}

/**
 * Loads the model that `file#Class` names: an export of a module. One in TypeScript goes through tsx, which is looked for beside the file, and then in
 * the working directory.
 *
 * @throws InvalidOptionError (`INVALID_OPTION`) if there is no such module or export, or no tsx for TypeScript, NotPrevalentError (`NOT_PREVALENT`) if it is no model
 */
export async function loadModel(place: string): Promise<ModelClass> {
  const at = place.lastIndexOf('#');
  const [file, name] = [place.slice(0, at), place.slice(at + 1)];
  if (at <= 0 || name === '')
    throw new InvalidOptionError(
      `--model ${place}: give a file and the name of an export, as in ./dist/todo.js#TodoList`,
    );
  const module = await load(place, resolve(file));
  const found = module[name];
  if (typeof found !== 'function')
    throw new InvalidOptionError(
      `--model ${place}: ${file} exports no class ${name}; it exports ${Object.keys(module).join(', ') || `nothing. Write "export" before the class, best in a file that does nothing else`}`,
    );
  // Whether it is a model at all.
  definitionOf(found as ModelClass);
  return found as ModelClass;
}

async function load(place: string, path: string): Promise<Record<string, unknown>> {
  const url = pathToFileURL(path).href;
  try {
    // Perhaps this process was started with a loader.
    return (await import(url)) as Record<string, unknown>;
  } catch (cause) {
    if (!/\.[cm]?tsx?$/.test(path) || !existsSync(path)) throw notLoaded(place, cause);
    await loadTypeScript(place, path);
  }
  try {
    // By another name: what could not be loaded is not tried again.
    return (await import(`${url}?tsx`)) as Record<string, unknown>;
  } catch (cause) {
    throw notLoaded(place, cause);
  }
}

function notLoaded(place: string, cause: unknown): InvalidOptionError {
  return new InvalidOptionError(`--model ${place}: the module cannot be loaded (${(cause as Error).message})`, {
    cause,
  });
}

/** From now on this process can load TypeScript, with decorators. */
async function loadTypeScript(place: string, path: string): Promise<void> {
  const loader = loaderFor(path);
  if (loader === undefined)
    throw new InvalidOptionError(
      `--model ${place}: TypeScript is loaded through tsx, which is not installed: npm install --save-dev tsx. Or give the compiled JavaScript`,
    );
  const { register } = (await import(pathToFileURL(loader).href)) as TypeScriptLoader;
  const tsconfig = configFor(path);
  register(tsconfig === undefined ? {} : { tsconfig });
}

function loaderFor(path: string): string | undefined {
  for (const from of [path, join(process.cwd(), 'index.js')]) {
    try {
      // What is found is for require(); the loader works as an ES module only, which lies beside it.
      return createRequire(from)
        .resolve('tsx/esm/api')
        .replace(/\.cjs$/, '.mjs');
    } catch {
      // Perhaps it is installed in the other place.
    }
  }
  return undefined;
}

/** The nearest tsconfig.json: it says which decorators are meant. */
function configFor(path: string): string | undefined {
  for (let directory = dirname(path); ; directory = dirname(directory)) {
    const config = join(directory, 'tsconfig.json');
    if (existsSync(config)) return config;
    if (dirname(directory) === directory) return undefined;
  }
}
