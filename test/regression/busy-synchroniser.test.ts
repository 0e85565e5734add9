/** Two masters that call all the time, and a synchroniser between them: nothing starves, whatever it carries and when. */
import { Master } from '../../src/index.js';
import { FolderNetwork } from '../../src/testing/index.js';
import { type Carrier, copying, renaming, rewriting, watching } from '../carriers.js';
import { Ledger } from '../ledger.js';

const SECONDS = 180;
const CALLS = 20;

/** What was seen of the other side. */
class Side {
  readonly name: string;
  readonly master: Master<Ledger>;
  /** Seconds from the call until it was visible on the other side. */
  readonly lags: number[] = [];
  #made = 0;

  constructor(name: string, master: Master<Ledger>, now: () => number) {
    this.name = name;
    this.master = master;
    master.on('event', ({ master: by, time }) => {
      if (by !== name) this.lags.push((now() - time.getTime()) / 1_000);
    });
  }

  call(count: number): void {
    for (let i = 0; i < count; i++) this.master.model.write(`${this.name} ${this.#made++}`);
  }
}

const median = (values: readonly number[]): number =>
  [...values].sort((left, right) => left - right)[Math.floor(values.length / 2)] ?? Infinity;

async function busy(carrierOf: (network: FolderNetwork) => Carrier): Promise<void> {
  const network = new FolderNetwork(['a', 'b']);
  const carry = carrierOf(network);
  let now = Date.UTC(2026, 0, 1);
  const open = async (name: string): Promise<Side> => {
    const place = { ...network.place(name), check: 'none' } as const;
    return new Side(name, await Master.open(Ledger, { ...place, now: () => now }), () => now);
  };
  const sides = [await open('a'), await open('b')];
  const second = async (at: number, calls: number): Promise<void> => {
    now += 1_000;
    for (const side of sides) side.call(calls);
    for (const { master } of sides) await master.sync();
    carry(at);
  };
  for (let at = 1; at <= SECONDS; at++) await second(at, CALLS);
  const seen = sides.map(({ lags }) => [...lags]);
  for (const lags of seen) {
    expect(lags.length).toBeGreaterThanOrEqual((SECONDS - 40) * CALLS);
    expect(median(lags)).toBeLessThanOrEqual(15);
    expect(Math.max(...lags)).toBeLessThanOrEqual(40);
  }
  // Nothing follows that would carry the last calls along.
  for (let at = SECONDS + 1; at <= SECONDS + 80; at++) await second(at, 0);
  const [a, b] = sides.map(({ master }) => master.query(({ lines }) => [...lines]));
  expect(a).toHaveLength(2 * SECONDS * CALLS);
  expect(b).toEqual(a);
  for (const { master } of sides) {
    expect((await master.status()).held).toEqual([]);
    await master.close();
  }
}

test.each<[string, (network: FolderNetwork) => Carrier]>([
  ['hashes what stood still and pulls it', watching],
  ['copies whole files every ten seconds', (network) => copying(network, 10)],
  ['renames its copies into place', (network) => renaming(network, 10)],
  ['empties files and writes them anew', (network) => rewriting(network, 10)],
])('a carrier that %s keeps nothing back', (_what, carrierOf) => busy(carrierOf));
