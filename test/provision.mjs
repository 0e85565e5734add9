/**
 * Sees to it that the programs which some tests start are on this machine: `node test/provision.mjs chromium node-24`. What is
 * missing is installed where that is allowed: Debian's packages by root, other versions of Node below .cache/ in CI. In CI
 * everything must be there; elsewhere what cannot be had is named once, with the command that installs it, and its tests are
 * counted as skipped.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** By name: the Debian package, and the files that may be the program. */
const PROGRAMS = {
  chromium: { package: 'chromium', files: ['chromium', 'chromium-browser', 'google-chrome'] },
};

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Of `node-24`: 24. Another Node is the `node` package of npm, and stays out of package.json: one is 200 MB. */
const versionOf = (name) => /^node-(\d+)$/.exec(name)?.[1];
const folderOf = (name) => join('.cache', name);

/** The path of a program; `undefined` if it is not on this machine. */
export function find(name) {
  if (versionOf(name) !== undefined) {
    const path = join(root, folderOf(name), 'node_modules', 'node', 'bin', 'node');
    return existsSync(path) ? path : undefined;
  }
  const folders = (process.env.PATH ?? '').split(delimiter);
  for (const file of PROGRAMS[name].files) {
    for (const folder of [...folders, '/usr/bin', '/usr/sbin']) {
      const path = join(folder, file);
      if (folder !== '' && existsSync(path)) return path;
    }
  }
  return undefined;
}

function install(packages) {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return;
  const apt = (...args) =>
    spawnSync('apt-get', args, {
      stdio: ['ignore', 'inherit', 'inherit'],
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    }).status === 0;
  if (apt('update', '-qq')) apt('install', '-y', '-qq', '--no-install-recommends', ...packages);
}

const npmInstall = (name) => [
  'install',
  '--prefix',
  folderOf(name),
  `node@${versionOf(name)}`,
  '--no-save',
  '--no-audit',
  '--no-fund',
];

function installNodes(names) {
  if (process.env.CI !== 'true') return;
  for (const name of names) spawnSync('npm', npmInstall(name), { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });
}

/** What a person types to have them. */
function commandFor(names) {
  const packages = names.filter((name) => versionOf(name) === undefined).map((name) => PROGRAMS[name].package);
  const nodes = names
    .filter((name) => versionOf(name) !== undefined)
    .map((name) => `npm ${npmInstall(name).join(' ')}`);
  return [...(packages.length > 0 ? [`apt-get install ${packages.join(' ')}`] : []), ...nodes].join(' && ');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const wanted = process.argv.slice(2);
  const isMissing = (name) => find(name) === undefined;
  const packages = wanted
    .filter((name) => versionOf(name) === undefined && isMissing(name))
    .map((name) => PROGRAMS[name].package);
  if (packages.length > 0) install(packages);
  installNodes(wanted.filter((name) => versionOf(name) !== undefined && isMissing(name)));
  const missing = wanted.filter(isMissing);
  if (missing.length > 0) {
    console.error(`Not on this machine: ${missing.join(', ')}. To run the tests that need it: ${commandFor(missing)}`);
    if (process.env.CI === 'true') process.exit(1);
  }
}
