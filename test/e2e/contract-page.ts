/** What a page does: it runs the contract of stores on those that need nothing of Node's, and reports each point. */
import { storeContract } from '../../src/testing/core.js';
import { memoryPlace, serverPlace } from '../contract/places.js';

// A timer would wait some ms each time.
const channel = new MessageChannel();
const waiting: (() => void)[] = [];
channel.port2.addEventListener('message', () => waiting.shift()?.());
channel.port2.start();
const turn = (): Promise<void> =>
  new Promise((resolve) => {
    waiting.push(resolve);
    channel.port1.postMessage(undefined);
  });

interface Point {
  readonly name: string;
  readonly run: () => Promise<void>;
}

async function outcomes(place: Parameters<typeof storeContract>[1]): Promise<[name: string, outcome: string][]> {
  const points: Point[] = [];
  storeContract((name, run) => points.push({ name, run }), place);
  const told: [string, string][] = [];
  for (const { name, run } of points)
    told.push([
      name,
      await run().then(
        () => 'holds',
        (error: unknown) => String((error as Error).stack),
      ),
    ]);
  return told;
}

declare const report: (outcome: unknown) => void;

report({ memory: await outcomes(memoryPlace), server: await outcomes(() => serverPlace(turn)) });
