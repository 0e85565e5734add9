/*
 * Tables of cases: what is done about whatever may be seen, as data.
 *
 * Of each table, exactly one row fits whatever is seen (tests try all combinations). A fact that a row does not name may be
 * anything. Facts are looked at in the order in which a row names them, so the dearest one comes last.
 */

/** One row: what is seen, and what is done. */
export interface Case<Seen, Done> {
  readonly name: string;
  readonly seen: Partial<Seen>;
  readonly done: Done;
}

/** Values that each fact can have. */
export type CaseFacts = Readonly<Record<string, readonly string[]>>;
export type SeenOf<F extends CaseFacts> = { readonly [Name in keyof F]: F[Name][number] };

/** The row that fits. Facts that are dear to find out may be getters: what no row asks for is not looked at. */
export function caseFor<Seen extends object, Done extends string>(
  cases: readonly Case<Seen, Done>[],
  seen: Seen,
): Case<Seen, Done> {
  const fits = (row: Case<Seen, Done>): boolean =>
    (Object.keys(row.seen) as (keyof Seen)[]).every((fact) => row.seen[fact] === seen[fact]);
  const found = cases.find(fits);
  if (found === undefined) throw new Error(`No case fits ${JSON.stringify(seen)}`);
  return found;
}
