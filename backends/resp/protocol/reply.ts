/**
 * Replies of commands as values, before they are encoded for a version of the protocol. Scripts and
 * transactions work with them as well.
 *
 * @module
 */

/** A short text without line ends, such as `OK`. */
export class Status {
  constructor(readonly text: string) {}
}

/** An error. Handlers return it or throw it; its text begins with a code in capital letters. */
export class ErrorReply {
  constructor(readonly text: string) {}
}

/** Names with values, one after the other; version 2 of the protocol has an array of them. */
export class MapReply {
  constructor(readonly items: readonly Reply[]) {}
}

/** Members in no order; version 2 of the protocol has an array of them. */
export class SetReply {
  constructor(readonly items: readonly Reply[]) {}
}

/** What a client gets without a request; version 2 of the protocol has an array. */
export class PushReply {
  constructor(readonly items: readonly Reply[]) {}
}

/** A number that may have a fraction; version 2 of the protocol has its text. */
export class DoubleReply {
  /** @param text as Redis writes it. Default: the shortest one */
  constructor(readonly value: number, readonly text: string = doubleText(value)) {}
}

/** A text for people; version 2 of the protocol has a plain one. */
export class VerbatimReply {
  /** @param format three letters */
  constructor(readonly text: string, readonly format = "txt") {}
}

/** A whole number of any size as text; version 2 of the protocol has a plain one. */
export class BigNumberReply {
  constructor(readonly text: string) {}
}

/** Several replies to one command, such as those of `SUBSCRIBE`. */
export class ManyReplies {
  constructor(readonly items: readonly Reply[]) {}
}

/** The command waits: it is executed again when one of its keys has changed. */
export class Blocked {
  constructor(
    /** Keys of the client's database that may let it go on. */
    readonly keys: readonly string[],
    /** Milliseconds to wait at most; `Infinity`: no limit. */
    readonly timeoutMs: number,
    /** The reply when the time has passed. */
    readonly onTimeout: Reply,
    /** Arguments of the next attempts, if they differ from the first ones. */
    readonly args: readonly string[] | undefined,
  ) {}
}

/** No value: version 2 of the protocol has two forms of it. */
export class NullArray {
  private readonly isNullArray = true;
}

/** The command has no reply, or another one sends it. */
export class NoReply {
  private readonly isNoReply = true;
}

/**
 * A reply: a byte string or bytes, a whole number, a truth value, no value, an array, or one of the classes
 * above.
 */
export type Reply =
  | string
  | Uint8Array
  | number
  | bigint
  | boolean
  | null
  | readonly Reply[]
  | Status
  | ErrorReply
  | MapReply
  | SetReply
  | PushReply
  | DoubleReply
  | VerbatimReply
  | BigNumberReply
  | ManyReplies
  | NullArray
  | NoReply
  | Blocked;

/** The reply of commands that have nothing to say. */
export const OK = new Status("OK");
/** The reply of a command in a transaction. */
export const QUEUED = new Status("QUEUED");
/** No array. */
export const NULL_ARRAY = new NullArray();
/** No reply. */
export const NO_REPLY = new NoReply();

/** The largest whole number that Redis writes as such, and not as the digits of a fraction. */
const MAX_WHOLE = 2 ** 62;
/** Most zeros after the digits of a number, and most digits after its point, without an exponent. */
const MAX_ZEROS = 7;
const MAX_FRACTION = 6;

/** True for a number that Redis writes as a whole one. */
export function isWhole(value: number): boolean {
  return Number.isInteger(value) && Math.abs(value) <= MAX_WHOLE;
}

/** The text of a number in the form of Redis from 7.2 on: the fewest digits that stand for it. */
export function doubleText(value: number): string {
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
  if (Object.is(value, -0)) return "-0";
  if (isWhole(value)) return String(BigInt(value));
  return `${value < 0 ? "-" : ""}${digitsText(Math.abs(value))}`;
}

/** The digits of a number with or without an exponent, as Redis chooses between them. */
function digitsText(value: number): string {
  const [mantissa, power] = value.toExponential().split("e");
  const digits = mantissa.replace(".", "");
  const exponent = Number(power);
  /** Zeros after the digits; less than 0: so many of the digits come after the point. */
  const zeros = exponent - digits.length + 1;
  if (zeros >= 0 && zeros <= MAX_ZEROS) return digits + "0".repeat(zeros);
  if (zeros < 0 && (zeros >= -MAX_FRACTION || Math.abs(exponent) < 4)) {
    const padded = digits.padStart(1 - zeros, "0");
    return `${padded.slice(0, zeros)}.${padded.slice(zeros)}`;
  }
  return `${mantissa}e${power}`;
}
