/** What an application says of `meta` is typed everywhere. As `master.test.ts`, for the compiler. */
import 'reflect-metadata';
import { type Acting, type CallMeta, Master, MemoryStore, Prevalent, Transaction } from 'prevalent';

declare module 'prevalent' {
  interface CallMeta {
    readonly user?: string;
  }
}

@Prevalent('typed-meta')
class Counter {
  value = 0;
  @Transaction() add(by: number): number {
    const user: string | undefined = Transaction.current?.meta?.user;
    // @ts-expect-error -- it is a text, if there is one
    const wrong: number = Transaction.current?.meta?.user;
    return user === String(wrong) ? 0 : (this.value += by);
  }
}

/** Never called: its body is for the compiler. */
async function metas(): Promise<void> {
  const master = await Master.open(Counter, { name: 'one', store: new MemoryStore(), meta: { user: 'ada', at: 5 } });
  const ada: Acting<Counter> = master.as({ user: 'ada' });
  const sum: number = ada.model.add(1);
  const done: Promise<number> = master.transact((counter) => counter.add(1), { meta: { user: 'ada' } });
  master.on('event', ({ meta }) => expect<CallMeta['user']>(meta?.user).toBe(sum));
  // @ts-expect-error -- a text is no plain object
  master.as('ada');
  // @ts-expect-error -- a user is a text
  master.as({ user: 5 });
  // @ts-expect-error -- a typing error in the name of an option
  await master.transact((counter) => counter.add(1), { mata: {} });
  // @ts-expect-error -- there is no such method
  ada.model.subtract(1);
  await done;
}

test('loads', () => expect(metas).toBeInstanceOf(Function));
