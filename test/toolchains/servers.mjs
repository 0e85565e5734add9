/** The web servers of docs/recipes/web-server.md whose samples the tests of the pages do not run: each is run as it stands there. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../smoke/project.mjs';

const BEFORE = `
import { once } from 'node:events';
import { definePrevalent, Master, MemoryStore, PrevalentError } from 'prevalent';

class Notes {
  all = new Map();
  add(text) {
    if (text === '') throw new Error('a note needs a text');
    const note = { id: crypto.randomUUID(), text };
    this.all.set(note.id, note);
    return note;
  }
}
definePrevalent(Notes, { name: 'notes', transactions: ['add'] });
const master = await Master.open(Notes, { name: 'server-1', store: new MemoryStore() });
const port = 0;
`;

const AFTER = `
if (!server.listening) await once(server, 'listening');
const site = 'http://127.0.0.1:' + server.address().port;
const post = (text) =>
  fetch(site + '/notes', { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ text }) });
const events = (await fetch(site + '/changes')).body.pipeThrough(new TextDecoderStream()).getReader();
const first = (await events.read()).value;
const made = await post('Tea');
const next = (await events.read()).value;
const refused = await post('');
const list = await (await fetch(site + '/notes')).json();
await events.cancel();
console.log(made.status, refused.status, list.map(({ text }) => text).join(), /^event: version/.test(first) && next !== first);
server.closeAllConnections();
server.close();
await master.close();
`;

/** A toolchain's case that runs the sample whose first line names the server. */
export function webServer(name, npmName) {
  return {
    name,
    is: 'see [web server](recipes/web-server.md#express-and-fastify)',
    packages: [`${npmName}@${name.split(' ').at(-1)}`],
    files: {},
    run: (project) => {
      const page = readFileSync(join(root, 'docs', 'recipes', 'web-server.md'), 'utf8').replaceAll('\r\n', '\n');
      const sample = page.split('```js\n').find((block) => block.startsWith(`// ${name}\n`));
      if (sample === undefined) throw new Error(`docs/recipes/web-server.md has no sample for ${name}`);
      project.write('main.js', BEFORE + sample.slice(0, sample.indexOf('```')) + AFTER);
      const printed = project.node('main.js').trim();
      if (printed !== '201 409 Tea true') throw new Error(`it printed:\n${printed}`);
      return undefined;
    },
  };
}
