/**
 * Sees to it that the programs which some tests start are on this machine: `node test/provision.mjs chromium`. What is missing
 * is installed from Debian's packages where that is allowed. In CI everything must be there; elsewhere what cannot be had is
 * named once, with the command that installs it, and its tests are counted as skipped.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** By name: the Debian package, and the files that may be the program. */
const PROGRAMS = {
  chromium: { package: 'chromium', files: ['chromium', 'chromium-browser', 'google-chrome'] },
};

/** The path of a program; `undefined` if it is not on this machine. */
export function find(name) {
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

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const wanted = process.argv.slice(2);
  const packages = wanted.filter((name) => find(name) === undefined).map((name) => PROGRAMS[name].package);
  if (packages.length > 0) install(packages);
  const missing = wanted.filter((name) => find(name) === undefined);
  if (missing.length > 0) {
    const command = `apt-get install ${missing.map((name) => PROGRAMS[name].package).join(' ')}`;
    console.error(`Not on this machine: ${missing.join(', ')}. To run the tests that need it: ${command}`);
    if (process.env.CI === 'true') process.exit(1);
  }
}
