/** A real browser for tests, on pages of this machine only. */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type BrowserContext, type Page } from 'playwright-core';
import { find } from '../provision.mjs';

export const executablePath = find('chromium');

const QUIET =
  '--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync';

/** One page that runs a script as a module. */
export interface ScriptPage {
  readonly page: Page;
  /** What the script gives to `report`; rejected by an error that nobody caught. */
  readonly reported: Promise<unknown>;
  /** What was written to the console. */
  readonly console: readonly string[];
  close(): Promise<void>;
}

/** Opens a page on loopback whose only script is `script`. The script calls `report(value)` when it is done. */
export async function openScript(script: string): Promise<ScriptPage> {
  const server = await serve(script);
  const profile = mkdtempSync(join(tmpdir(), 'prevalent-chromium-'));
  const lines: string[] = [];
  let context: BrowserContext | undefined;
  const close = async (): Promise<void> => {
    await context?.close();
    await new Promise((resolve) => server.close(resolve));
    rmSync(profile, { recursive: true, force: true, maxRetries: 3 });
  };
  try {
    context = await chromium.launchPersistentContext(profile, {
      executablePath: executablePath ?? 'chromium',
      headless: true,
      args: QUIET.split(' '),
    });
    const page = await context.newPage();
    page.on('console', (message) => lines.push(message.text()));
    let report: (value: unknown) => void = () => undefined;
    const reported = new Promise<unknown>((resolve, reject) => {
      report = resolve;
      page.on('pageerror', reject);
    });
    await page.exposeFunction('report', report);
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    return { page, reported, console: lines, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function serve(script: string): Promise<Server> {
  const server = createServer(({ url }, response) => {
    const [status, type, body] = contentOf(url, script);
    response.writeHead(status, { 'content-type': `${type}; charset=utf-8` });
    response.end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

function contentOf(url: string | undefined, script: string): readonly [number, string, string] {
  if (url === '/script.js') return [200, 'text/javascript', script];
  if (url !== '/') return [404, 'text/plain', ''];
  // With an icon of its own: else the browser asks for one, and complains.
  const head = '<!doctype html><link rel="icon" href="data:,"><title>test</title>';
  return [200, 'text/html', `${head}<script type="module" src="/script.js"></script>`];
}
