/**
 * The JavaScript engine that runs this program. Frontiers tell it, since what a transaction computes with `**` or `Intl` may differ between
 * engines. Only the entry point of a platform knows it.
 */
let name: string | undefined;

/** From now on frontiers tell this engine and version, such as `v8 12.4`. Called once, by the entry point of the platform. */
export function useJsEngine(own: string | undefined): void {
  name = own;
}

/** Such as `v8 12.4`; `undefined` if it is not known. */
export function jsEngine(): string | undefined {
  return name;
}
