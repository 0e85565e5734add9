/** The core in a real browser: bundled without anything of Node's, two masters on a MemoryStore. */
import { build } from 'esbuild';
import { compile } from './compiled.js';
import { executablePath, openScript } from './chromium.js';

// In CI the browser is there, or the run has failed before.
const inBrowser = executablePath === undefined && process.env.CI !== 'true' ? test.skip : test;

async function bundled(): Promise<string> {
  const compiled = compile(['test/e2e/browser-main.ts']);
  try {
    // A module of Node's cannot be resolved for a browser: it would fail here.
    const { outputFiles } = await build({
      entryPoints: [compiled.path('test/e2e/browser-main.ts')],
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
  const { reported, console: written, close } = await openScript(await bundled());
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
