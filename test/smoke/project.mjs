/** What tests of the packed library need: a tarball, empty projects, programs that run in them, checks that are counted. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const wanted = { ...manifest.devDependencies, ...manifest.peerDependencies };

/** Packages in the versions that this library is developed with. */
export const versioned = (...names) => names.map((name) => `${name}@${wanted[name]}`);

/** Runs a program to its end; its output. Throws with the output if it fails. */
export function run(command, args, { cwd, env = {} }) {
  const shell = process.platform === 'win32' && command !== process.execPath;
  const options = { cwd, shell, encoding: 'utf8', timeout: 600_000, maxBuffer: 64 * 1024 * 1024 };
  const ended = spawnSync(command, args, {
    ...options,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NODE_OPTIONS: '', ...env },
  });
  if (ended.error !== undefined) throw ended.error;
  if (ended.status === 0) return ended.stdout;
  throw new Error(`${command} ${args.join(' ')}: status ${ended.status}\n${ended.stdout}${ended.stderr}`.trimEnd());
}

export const node = (args, options) => run(process.execPath, args, options);

export const npm = (args, options) =>
  process.env.npm_execpath?.endsWith('.js') === true
    ? node([process.env.npm_execpath, ...args], options)
    : run('npm', args, options);

/** The tarball of this library, written into a folder, and the names of the files in it. */
export function pack(folder) {
  const printed = npm(['pack', '--json', '--pack-destination', folder], { cwd: root });
  const [packed] = Object.values(JSON.parse(printed.slice(printed.search(/^[[{]/m))));
  const tarball = join(folder, packed.filename);
  if (!existsSync(tarball)) throw new Error(`${tarball} was not written`);
  return { tarball, names: packed.files.map((file) => file.path) };
}

/** The environment in which a folder is the home. */
export function homeIn(folder) {
  const names = ['HOME', 'USERPROFILE', 'LOCALAPPDATA', 'XDG_STATE_HOME', 'XDG_DATA_HOME'];
  return Object.fromEntries(names.map((name) => [name, folder]));
}

/** A folder with files, and a home of its own for what runs there. */
export class Project {
  constructor(folder) {
    this.folder = folder;
    mkdirSync(folder, { recursive: true });
  }

  write(name, content) {
    const file = join(this.folder, name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content, null, 2));
  }

  /** The environment in which this folder is the home. */
  get home() {
    return homeIn(this.folder);
  }

  install(...packages) {
    npm(['install', '--no-audit', '--no-fund', ...packages], { cwd: this.folder });
  }

  /** Runs a program of an installed package: `bin('vite', 'bin/vite.js', 'build')`. */
  bin(name, path, ...args) {
    return this.node(join(this.folder, 'node_modules', name, path), ...args);
  }

  node(...args) {
    return node(args, { cwd: this.folder, env: this.home });
  }
}

/** Counts what passed and what failed, and prints a line for each. */
export class Checks {
  passed = 0;
  failed = 0;

  check(name, body) {
    const begun = performance.now();
    let problem;
    try {
      body();
    } catch (error) {
      problem = error instanceof Error ? error.message : String(error);
    }
    this.#count(name, begun, problem);
    return problem === undefined;
  }

  /** The message of what a body throws. */
  failureOf(body) {
    try {
      body();
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
    throw new Error('nothing failed');
  }

  #count(name, begun, problem) {
    const seconds = ((performance.now() - begun) / 1000).toFixed(1);
    if (problem === undefined) this.passed++;
    else this.failed++;
    console.log(`${problem === undefined ? 'PASS' : 'FAIL'} ${name} (${seconds} s)`);
    if (problem !== undefined) console.log(problem.replaceAll(/^/gm, '     '));
  }

  /** Ends the process with the closing line. */
  finish() {
    console.log(`${this.passed} passed, ${this.failed} failed`);
    process.exit(this.failed === 0 ? 0 : 1);
  }
}
