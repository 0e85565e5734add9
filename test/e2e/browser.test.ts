/** The core in a real browser: bundled without anything of Node's, two masters on a MemoryStore, and the contract of stores. */
import { build } from 'esbuild';
import { storeContract } from '../../src/testing/index.js';
import { compile } from './compiled.js';
import { executablePath, openScript } from './chromium.js';

// In CI the browser is there, or the run has failed before.
const inBrowser = executablePath === undefined && process.env.CI !== 'true' ? test.skip : test;

async function bundled(page: string, ...others: readonly string[]): Promise<string> {
  const compiled = compile([page, ...others]);
  try {
    // A module of Node's cannot be resolved for a browser: it would fail here.
    const { outputFiles } = await build({
      entryPoints: [compiled.path(page)],
      bundle: true,
      format: 'esm',
      platform: 'browser',
      write: false,
      logLevel: 'silent',
    });
    return outputFiles[0]?.text ?? '';
  } finally {
    compiled.remove();
  }
}

inBrowser('masters in Chromium meet in memory', async () => {
  const { reported, console: written, close } = await openScript(await bundled('test/e2e/browser-main.ts'));
  try {
    expect(await reported).toEqual({
      titles: ['bread', 'milk'],
      same: true,
      thrown: 'a title is needed',
      written: 'WRITE_OUTSIDE_TRANSACTION',
      path: expect.stringMatching(/^INVALID_OPTION: store: ".\/shared" is a path.*new MemoryStore\(\)/),
    });
    expect(written).toEqual([]);
  } finally {
    await close();
  }
});

inBrowser('the stores that need no Node pass every point of the contract in Chromium', async () => {
  const points: string[] = [];
  storeContract(
    (name) => points.push(name),
    () => Promise.reject(new Error('only their names are asked for')),
  );
  expect(points.length).toBeGreaterThan(30);
  const {
    reported,
    console: written,
    close,
  } = await openScript(await bundled('test/e2e/contract-page.ts', 'test/contract/places.ts'));
  try {
    const holds = points.map((name) => [name, 'holds']);
    expect(await reported).toEqual({ memory: holds, server: holds });
    expect(written).toEqual([]);
  } finally {
    await close();
  }
});
