/**
 * Errors with the codes and the words of Redis, on which programs branch.
 *
 * @module
 */

import { StoreFullError, SubscriptionLimitError, WrongTypeError } from "../../store/errors.ts";
import { ErrorReply } from "../protocol/reply.ts";

/** The key holds another kind of value. */
export const WRONG_TYPE = new ErrorReply(
  "WRONGTYPE Operation against a key holding the wrong kind of value",
);
/** A word that should be a whole number of 64 bits. */
export const NOT_AN_INTEGER = new ErrorReply("ERR value is not an integer or out of range");
/** A word that should be a number. */
export const NOT_A_FLOAT = new ErrorReply("ERR value is not a valid float");
/** Words that are no options, or options that exclude each other. */
export const SYNTAX_ERROR = new ErrorReply("ERR syntax error");
/** There is no such key. */
export const NO_SUCH_KEY = new ErrorReply("ERR no such key");
/** A position beyond the elements. */
export const INDEX_OUT_OF_RANGE = new ErrorReply("ERR index out of range");
/** A whole number that exceeds 64 bits. */
export const OVERFLOW = new ErrorReply("ERR increment or decrement would overflow");
/** There is no room for more. */
export const OUT_OF_MEMORY = new ErrorReply(
  "OOM command not allowed when used memory > 'maxmemory'.",
);
/** A script runs that takes long. */
export const BUSY = new ErrorReply(
  "BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.",
);
/** The connection has not shown its password. */
export const NO_AUTH = new ErrorReply("NOAUTH Authentication required.");

/** An error without a code of its own. */
export function err(text: string): ErrorReply {
  return new ErrorReply(`ERR ${text}`);
}

/** A command that got too few or too many words. */
export function wrongArity(name: string): ErrorReply {
  return err(`wrong number of arguments for '${name}' command`);
}

/** The reply for what a handler has thrown; undefined if it is a fault of the server. */
export function replyForError(error: unknown): ErrorReply | undefined {
  if (error instanceof ErrorReply) return error;
  if (error instanceof WrongTypeError) return WRONG_TYPE;
  if (error instanceof StoreFullError) return OUT_OF_MEMORY;
  if (error instanceof SubscriptionLimitError) return err(error.message);
  return undefined;
}
