/**
 * Commands of the line protocol, and what they work with.
 *
 * @module
 */

import type { ContextHeaders } from "../../../lib/base/context_headers.ts";
import type { Store } from "../../store/store.ts";
import type { Subscriber } from "../../store/subscriber.ts";

/** What a command does, and when it is allowed. */
export type CommandFlag =
  /** It changes the store. */
  | "write"
  /** It reads the store. */
  | "read"
  /** It concerns subscriptions and what is delivered to them. */
  | "pubsub"
  /** It concerns shared state: it needs the authkey in place of the token. */
  | "state"
  /** It is allowed before `AUTH`. */
  | "open";

/** What the handler of a command works with: the session of one client. */
export interface CommandContext<Service = unknown> {
  readonly store: Store;
  readonly subscriber: Subscriber;
  /**
   * Throws if a reply is larger than it may be, or than there is room for now.
   *
   * @param bytes what it carries, before it is encoded
   * @param remedy what the client should do
   */
  checkReply(bytes: number, remedy: string): void;
  /** The same for one value, which cannot be asked for in parts. */
  checkValue(bytes: number): void;
  /** This client's session of the service that the command belongs to. */
  readonly service: Service;
  /** Checks a token; true if the client is authenticated now. */
  authenticate(token: string): boolean;
  /** Accepts lines of full length: the client has shown a secret. */
  allowLongLines(): void;
  /** Trace context and baggage of this command, which the client sent before it. */
  readonly headers: ContextHeaders | undefined;
  /**
   * Sets the trace context and baggage of the next command. From now on, pushes to this client carry
   * those of the publisher.
   */
  setNextHeaders(headers: ContextHeaders | undefined): void;
  /** From now on this client gets a line with the number of pushes that were dropped for it. */
  reportDropped(): void;
  /** What the server holds and has counted. */
  stats(): unknown;
}

/** One row of the table of commands: dispatch, errors, statistics and documentation come from it. */
export interface Command<Service = unknown> {
  /** In capital letters. */
  readonly name: string;
  /** Names of its arguments. An optional one is in brackets. */
  readonly parameters: readonly string[];
  /** Number of arguments that are not optional. */
  readonly required: number;
  readonly flags: readonly CommandFlag[];
  /** Its reply, as the documentation shows it. */
  readonly reply: string;
  readonly summary: string;
  /** Executes it; returns the reply, without the end of the line. */
  handle(context: CommandContext<Service>, args: readonly string[]): string;
}

/** Its name and its arguments. */
export function usage({ name, parameters }: Command): string {
  return [name, ...parameters].join(" ");
}

/** True if a command accepts this number of arguments. */
export function acceptsCount({ parameters, required }: Command, count: number): boolean {
  return count >= required && count <= parameters.length;
}

/** A row of the table, with what follows from the rest of it. */
export function command<Service>(row: Omit<Command<Service>, "required">): Command<Service> {
  const required = row.parameters.filter((parameter) => !parameter.startsWith("[")).length;
  return { ...row, required };
}
