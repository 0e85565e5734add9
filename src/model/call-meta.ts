/**
 * What is recorded with a call beside its arguments: who made it. Plain JSON. Name its fields once, and they are typed everywhere: in the option
 * `meta`, in `master.as`, in `Transaction.current`, and in events.
 *
 * @example
 * ```ts
 * import { Transaction } from 'prevalent';
 *
 * declare module 'prevalent' {
 *   interface CallMeta {
 *     readonly user?: string;
 *   }
 * }
 * const user: string | undefined = Transaction.current?.meta?.user;
 * console.log(user); // undefined: no transaction runs here
 * ```
 */
export interface CallMeta {
  readonly [name: string]: unknown;
}
