import { Master, MemoryStore, Prevalent, Transaction } from '../../src/index.js';

interface Item {
  text: string;
}

interface List {
  readonly items: Item[];
  add(text: string): void;
}

/** The model as a program of its own knows it, whose items are of this class. */
function programWith(ItemClass: new () => Item): new () => List {
  @Prevalent('undecodable-snapshot', { classes: [ItemClass] })
  class ListOfItems implements List {
    readonly items: Item[] = [];
    @Transaction() add(text: string): void {
      this.items.push(Object.assign(new ItemClass(), { text }));
    }
  }
  return ListOfItems;
}

class Todo {
  text = '';
}

class Task {
  text = '';
}

test('a snapshot that names a class this program no longer has is passed over; the journal rebuilds the state', async () => {
  const store = new MemoryStore();
  const old = await Master.open(programWith(Todo), { name: 'a', store });
  old.model.add('kept');
  await old.snapshot();
  await old.close();
  const renamed = await Master.open(programWith(Task), { name: 'a', store });
  expect(renamed.query(({ items }) => items)).toEqual([Object.assign(new Task(), { text: 'kept' })]);
  expect(renamed.query(({ items }) => items[0])).toBeInstanceOf(Task);
  expect((await renamed.status()).notices.join()).toMatch(
    /snapshot holds instances of Todo, a class this program does not name/,
  );
  await renamed.close();
});
