/** The own frontier cannot be replaced for a while: a virus scanner holds it, the handle of a network drive is stale. */
import { Master, Prevalent, type PrevalentError, Transaction } from '../../src/index.js';
import { FolderNetwork } from '../../src/testing/index.js';

@Prevalent('refused-frontier')
class Words {
  readonly all: string[] = [];
  @Transaction() add(word: string): void {
    this.all.push(word);
  }
}

const codeOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => undefined,
    (error: unknown) => (error as PrevalentError).code,
  );

describe.each([
  ['rename', 'EPERM'],
  ['rename', 'EBUSY'],
  ['open', 'ESTALE'],
  ['write', 'EIO'],
] as const)('%s gives %s', (refused, code) => {
  async function world(): Promise<{ network: FolderNetwork; a: Master<Words>; refuse: () => void; allow: () => void }> {
    const network = new FolderNetwork(['a', 'b']);
    const a = await Master.open(Words, network.place('a'));
    await a.transact((words) => words.add('published'));
    await a.sync();
    const disk = network.disk('a');
    const refuse = (): void => {
      disk.fault = (operation, path) => {
        if (operation.replace(/Now$/, '') === refused && path.includes('frontier'))
          throw Object.assign(new Error(`${code}: refused, '${path}'`), { code });
      };
    };
    return { network, a, refuse, allow: () => (disk.fault = () => undefined) };
  }

  async function arrivesAtB(network: FolderNetwork): Promise<readonly string[]> {
    network.deliverAll();
    const b = await Master.open(Words, network.place('b'));
    const words = b.query(({ all }) => [...all]);
    await b.close();
    return words;
  }

  test('calls are durable all the same, a sync says so by its code, and the next one publishes', async () => {
    const { network, a, refuse, allow } = await world();
    refuse();
    await a.transact((words) => words.add('meanwhile'));
    expect(await codeOf(a.sync())).toBe('STORE_UNREACHABLE');
    expect(await arrivesAtB(network)).toEqual(['published']);
    allow();
    expect((await a.sync()).published).toBe(1);
    await a.close();
    expect(await arrivesAtB(network)).toEqual(['published', 'meanwhile']);
  });

  test('a master that is closed meanwhile loses nothing', async () => {
    const { network, a, refuse, allow } = await world();
    refuse();
    await a.transact((words) => words.add('meanwhile'));
    expect([undefined, 'STORE_UNREACHABLE']).toContain(await codeOf(a.close()));
    allow();
    const again = await Master.open(Words, network.place('a'));
    expect(again.query(({ all }) => all)).toEqual(['published', 'meanwhile']);
    await again.sync();
    await again.close();
    expect(await arrivesAtB(network)).toEqual(['published', 'meanwhile']);
  });
});
