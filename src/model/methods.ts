/** What types tell of the methods of a model. */

/** Keys of the methods of a class, symbols included. */
export type MethodKey<M> = {
  [K in keyof M]-?: M[K] extends (...args: never[]) => unknown ? K : never;
}[keyof M];

/** Names of the methods of a class. */
export type MethodName<M> = MethodKey<M> & string;

/** Parameters of one of its methods, as a tuple. */
export type MethodArgs<M, K extends keyof M> = M[K] extends (...args: infer Args) => unknown ? Readonly<Args> : never;
