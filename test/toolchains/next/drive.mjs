/** Builds the application, starts it as it is built and for development, edits the model, and asks the page and the route. */
import { spawn, spawnSync } from 'node:child_process';
import { appendFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';

const env = { ...process.env, NEXT_TELEMETRY_DISABLED: '1' };
const NEXT = 'node_modules/next/dist/bin/next';

const built = spawnSync(process.execPath, [NEXT, 'build'], { env, encoding: 'utf8' });
if (built.status !== 0) throw new Error(`next build: ${built.stdout}${built.stderr}`);

/** Starts a server, runs `ask` with its address, and ends it. */
async function serving(mode, ask) {
  const server = spawn(process.execPath, [NEXT, mode, '--hostname', '127.0.0.1', '--port', '0'], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
  });
  try {
    let printed = '';
    const url = await new Promise((resolve, reject) => {
      server.stdout.on('data', (text) => {
        printed += text;
        const found = /Local:\s+(http:\S+)/.exec(printed);
        if (found !== null && /Ready/.test(printed)) resolve(found[1]);
      });
      server.on('exit', () => reject(new Error(`next ${mode} ended: ${printed}`)));
    });
    await ask(url);
  } finally {
    server.removeAllListeners('exit');
    const ended = new Promise((resolve) => server.on('exit', resolve));
    // The server is a child of what was started.
    process.kill(-server.pid, 'SIGTERM');
    await ended;
  }
}

let met;
async function add(url, titles) {
  const answer = await fetch(`${url}/api/list`, { method: 'POST' });
  if (!answer.ok) throw new Error(`the route answered ${answer.status}: ${await answer.text()}`);
  met = await answer.json();
  const page = await (await fetch(url)).text();
  if (!page.includes(`<p>${titles}</p>`)) throw new Error(`the page shows not ${titles}: ${page}`);
}

await serving('start', (url) => add(url, 'tea'));
await serving('dev', async (url) => {
  await add(url, 'tea,tea');
  appendFileSync('program.ts', '\nexport const edited = true;\n');
  while (!(await (await fetch(`${url}/api/list`)).json())) await setTimeout(100);
  await add(url, 'tea,tea,tea');
});
console.log(met);
