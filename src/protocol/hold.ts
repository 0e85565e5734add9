/**
 * Streams that go no further for now. A stream is held at the first event that cannot be taken, and no other stream with it.
 *
 * Invariant: nothing of a stream that is held is lost; each sync tries again.
 */

/** Why a stream goes no further for now. Nothing of it is lost. */
export type HoldReason =
  | 'gap'
  | 'damaged'
  | 'backwards'
  | 'newer-format'
  | 'clock-ahead'
  | 'unsealed'
  | 'model'
  | 'unknown-transaction'
  | 'newer-version'
  | 'arguments';

/** A stream that is held, and where. */
export interface Hold {
  readonly master: string;
  readonly epoch: string;
  /** The event that is waited for. */
  readonly seq: number;
  readonly reason: HoldReason;
  /** What happened and what to do. */
  readonly message: string;
}
