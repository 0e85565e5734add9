/** One model for all builds: makes its calls under a name of its own, or only merges, and prints what it holds. */
import 'reflect-metadata';
import { Master, Prevalent, Transaction } from '../../src/index.js';

class Todo {
  done = false;
  constructor(
    readonly title: string,
    readonly tags: string[] = ['made without tags'],
  ) {
    if ((title as string | undefined) === undefined) this.tags.push('made without a title');
  }
}

class Price {
  readonly currency = 'EUR';
  cents = 0;
  readonly made = Date.now();
}

@Prevalent('builds', { classes: { todo: Todo } })
class Todos {
  readonly list: unknown[] = [];

  @Transaction() add(todo: Todo, by: string): boolean {
    this.list.push([by, todo]);
    return todo instanceof Todo;
  }

  @Transaction({ args: () => [Price] }) pay(price: Pick<Price, 'cents'>, by: string): boolean {
    this.list.push([by, price]);
    return price instanceof Price;
  }

  @Transaction() plan(at: Date, bytes: Uint8Array, link: URL, tags: Map<string, Todo>): void {
    this.list.push([at, bytes, link.href, tags]);
  }
}

const [name = '', folder = '', what = ''] = process.argv.slice(2);
const master = await Master.open(Todos, { name, store: `${folder}/shared`, local: `${folder}/local-${name}` });

if (what === 'call') {
  const { model } = master;
  // Fits the type, as TypeScript sees it.
  const literal: Pick<Todo, keyof Todo> = { title: 'literal', done: true, tags: [] };
  const answers = [
    model.add(literal, name),
    model.add(new Todo('instance'), name),
    model.pay({ cents: 5 }, name),
    model.pay(Object.assign(new Price(), { cents: 7 }), name),
  ];
  model.plan(new Date(5), Uint8Array.of(1, 2), new URL('https://example.org/'), new Map([['k', new Todo('in a map')]]));
  if (answers.join() !== 'false,true,true,true') throw new Error(`the calls saw ${answers.join()}`);
}

await master.sync();
console.log(JSON.stringify(master.query(({ list }) => list.map(shown))));
await master.close();

/** A value with its class and the order of its fields. */
function shown(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const inside = value instanceof Map ? [...(value as Map<unknown, unknown>)].flat() : Object.values(value);
  const text = value instanceof Date ? value.toISOString() : Object.keys(value).join();
  return [value.constructor.name, text, inside.map(shown)];
}
