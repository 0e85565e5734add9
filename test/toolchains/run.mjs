/**
 * Builds and runs the packed library with the tools that people use: `npm run toolchains` runs all, `npm run toolchains -- jest vite` those
 * whose names contain a word, `-- --write` puts the table into docs/toolchains.md. Needs the npm registry, 3 GB and ten minutes.
 */
import { chmodSync, cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Checks, pack, Project, root, run } from '../smoke/project.mjs';
import { find } from '../provision.mjs';
import { CASES } from './cases.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const work = mkdtempSync(join(tmpdir(), 'prevalent-toolchains-'));
const MET = 'milk,bread = milk,bread = milk,bread';
const NEWEST_NODE = 'node-24';
const words = process.argv.slice(2).filter((word) => word !== '--write');
const isWriting = process.argv.includes('--write');

/** A project of one toolchain. */
class Toolchain extends Project {
  /** Runs a program that a package ships. */
  program(path, ...args) {
    const file = join(this.folder, 'node_modules', path);
    chmodSync(file, 0o755);
    return run(file, args, { cwd: this.folder, env: this.home });
  }

  esbuild(...args) {
    return this.program('esbuild/bin/esbuild', ...args);
  }

  /** A Node that strips types. */
  newestNode(...args) {
    const newest = find(NEWEST_NODE);
    if (newest === undefined) throw new Error(`first: CI=true node test/provision.mjs ${NEWEST_NODE}`);
    return run(newest, args, { cwd: this.folder, env: this.home });
  }

  /** Versions of what was installed, as npm has put them there. */
  versionOf(name) {
    const file = join(this.folder, 'node_modules', name, 'package.json');
    return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')).version : undefined;
  }
}

const checks = new Checks();
const rows = [];
const { tarball } = pack(work);

for (const [index, { name, is, packages, type = 'module', files, copies = {}, run: runIn }] of CASES.entries()) {
  if (words.length > 0 && !words.some((word) => name.toLowerCase().includes(word.toLowerCase()))) continue;
  let version = '';
  const isGood = checks.check(name, () => {
    const project = new Toolchain(join(work, `${index}`));
    project.write('package.json', { name: 'toolchain', private: true, ...(type === 'none' ? {} : { type }) });
    for (const file of ['meet.ts', 'program.ts', 'named.ts', 'plain.ts'])
      cpSync(join(here, file), join(project.folder, file));
    for (const [folder, to] of Object.entries(copies))
      cpSync(join(here, folder), join(project.folder, to), { recursive: true });
    for (const [file, content] of Object.entries(files)) project.write(file, content);
    project.install(tarball, ...packages);
    const tool = packages.at(-1).replace(/(?<=.)@.*$/, '');
    // What installs nothing of its own is run by the newer Node.
    version =
      tool === '@types/node' ? project.newestNode('--version').trim().slice(1) : (project.versionOf(tool) ?? '');
    const printed = runIn(project);
    if (printed !== undefined && !printed.includes(MET)) throw new Error(`it printed:\n${printed}`);
    rmSync(project.folder, { recursive: true, force: true, maxRetries: 3 });
  });
  rows.push(`| ${name} | ${version} | ${isGood ? 'works' : 'does not work'} | ${is} |`);
}

if (isWriting) {
  const page = join(root, 'docs', 'toolchains.md');
  const [before, after] = readFileSync(page, 'utf8').split(/<!-- table -->[^]*<!-- end of table -->/);
  const table = ['| toolchain | version | | what to know |', '| --- | --- | --- | --- |', ...rows].join('\n');
  writeFileSync(page, `${before}<!-- table -->\n\n${table}\n\n<!-- end of table -->${after}`);
}
rmSync(work, { recursive: true, force: true, maxRetries: 3 });
checks.finish();
