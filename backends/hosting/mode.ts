/**
 * Where a server runs, and what starting it requires.
 *
 * @module
 */

import { oneOf } from "../../lib/base/option_checks.ts";
import type { OptionCheck } from "../../lib/base/option_rules.ts";
import type { StopOptions } from "./stop.ts";

/**
 * Where a server runs: in this thread (`"inline"`), in a worker of this process, or in a process of its
 * own. It ends with the process that has started it.
 */
export type ServerMode = "inline" | "worker" | "process";

/** Checks a mode. */
export const checkServerMode: OptionCheck<ServerMode> = oneOf("inline", "worker", "process");

/** A server that can be started. */
export interface Server {
  /** Listens, and returns the address. Throws `Deno.errors.AddrInUse` if another process listens there. */
  start(): Promise<string>;
  /** Lets the program end while the server listens. */
  unref(): void;
  /** Ends all connections and stops listening. */
  stop(options?: StopOptions): Promise<void>;
  /** Set by a server that ends by itself. Otherwise a server ends with its owner. */
  readonly ended?: Promise<void>;
}

/** A server that was started. */
export interface RunningServer {
  /** Where it listens. */
  readonly address: string;
  /** Lets the program end while the server listens. A worker keeps its program alive all the same. */
  unref(): void;
  /** Stops the server. Resolves when it has ended. */
  stop(options?: StopOptions): Promise<void>;
}

/** What is required to run a server outside of this thread. */
export interface ServerProgram {
  /**
   * A module for a worker or a process, which calls `runServer(make)`. It imports only what it needs, so
   * that it starts fast.
   */
  readonly program: URL;
  /** Permission flags of `deno run` that the program needs. */
  readonly permissions: readonly string[];
}

/** What is required to start a kind of server in any mode. */
export interface ServerKind<Options> extends ServerProgram {
  /** Makes a server in this thread. */
  make(options: Options): Server;
}
