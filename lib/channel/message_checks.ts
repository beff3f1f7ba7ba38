/**
 * The checks of the values that a socket sends and receives, which a channel with a schema passes along with
 * the options of the socket.
 *
 * @module
 */

/** Returns what is sent or received in place of a value, or throws what is wrong with it. */
export type MessageCheck = (value: unknown) => unknown;

/** The checks of one socket. */
export interface MessageChecks {
  /** Of values that it sends. */
  readonly outgoing?: MessageCheck | undefined;
  /** Of parts of streams that it sends. */
  readonly outgoingPart?: MessageCheck | undefined;
  /** Of values that it receives. */
  readonly incoming?: MessageCheck | undefined;
  /** Of parts of streams that it receives. */
  readonly incomingPart?: MessageCheck | undefined;
}

/** Under a symbol, since it is no option of a program. */
const CHECKS = Symbol("checks");

interface WithChecks {
  readonly [CHECKS]?: MessageChecks | undefined;
}

/** Options of a socket, with checks. */
export function withMessageChecks<O extends object>(options: O, checks: MessageChecks): O {
  return { ...options, [CHECKS]: checks };
}

/** The checks that options carry. */
export function messageChecksOf(options: object): MessageChecks | undefined {
  return (options as WithChecks)[CHECKS];
}
