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

/** The text of a number in the form of Redis: 17 digits at most, and no fraction if it is whole. */
export function doubleText(value: number): string {
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
  if (Object.is(value, -0)) return "-0";
  const text = String(value);
  const exponent = text.indexOf("e");
  if (exponent === -1) {
    return Math.abs(value) >= 1e17 ? exponentText(value) : smallText(value, text);
  }
  const digits = text.slice(exponent + 2);
  return `${text.slice(0, exponent + 2)}${digits.padStart(2, "0")}`;
}

/** C writes an exponent from 17 digits before the point on. */
function exponentText(value: number): string {
  return value.toExponential().replace(/e([+-])(\d)$/, "e$10$2");
}

/** C writes an exponent from four zeros after the point on. */
function smallText(value: number, text: string): string {
  return value !== 0 && Math.abs(value) < 1e-4 ? exponentText(value) : text;
}
