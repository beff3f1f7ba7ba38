/**
 * Where a server runs, and what that takes.
 *
 * @module
 */

import { formatValue } from "../../lib/base/options.ts";

/**
 * Where a server runs: in this thread (`"inline"`), in a worker of this process, or in a process of its
 * own. Wherever it is, it ends with whoever started it.
 */
export type ServerMode = "inline" | "worker" | "process";

const MODES: readonly unknown[] = ["inline", "worker", "process"];

/** Throws unless it is a mode. */
export function checkServerMode(mode: unknown): asserts mode is ServerMode {
  if (MODES.includes(mode)) return;
  throw new TypeError(
    `serverMode must be one of ${MODES.map(formatValue).join(", ")}, not ${formatValue(mode)}`,
  );
}

/** A server as a front makes it. */
export interface Server {
  /** Begins to listen; the address where. Throws `Deno.errors.AddrInUse` if somebody else does. */
  start(): Promise<string>;
  /** Ends all connections and stops listening. */
  stop(): Promise<void>;
  /** Given by a server in a process that lives until then, rather than until its owner is gone. */
  readonly ended?: Promise<void>;
}

/** A server that was started. */
export interface RunningServer {
  /** Where it listens. */
  readonly address: string;
  /** Ends it; fulfilled once it is gone. */
  stop(): Promise<void>;
}

/** What it takes to run a server outside of this thread. */
export interface ServerProgram {
  /**
   * A module that calls `runServer(make)`, for a worker or a process to run; it is to import nothing
   * that it does not need.
   */
  readonly program: URL;
  /** Permission flags of `deno run` that the program needs. */
  readonly permissions: readonly string[];
}

/** What it takes to start a kind of server, wherever it is to run. */
export interface ServerKind<Options> extends ServerProgram {
  /** Makes one in this thread. */
  make(options: Options): Server;
}
