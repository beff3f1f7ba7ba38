/**
 * Faults that a test asks for: commands that get an error, wait, or lose their connection.
 *
 * @module
 */

import { checkInteger, checkNoMore } from "../../../lib/base/checks.ts";
import { callback, durationMs } from "../../../lib/base/option_checks.ts";
import { type OptionChecks, OptionRules } from "../../../lib/base/option_rules.ts";
import { formatValue } from "../../../lib/base/options.ts";
import { ErrorReply } from "../protocol/reply.ts";
import type { ClientState } from "./client_state.ts";
import { type CommandInfo, keyPositions } from "./command_info.ts";
import { keySlot } from "./key_slot.ts";

/** An error that a command gets in place of its reply. `MOVED` and `ASK` name this server. */
export type FaultError =
  | "READONLY"
  | "OOM"
  | "LOADING"
  | "NOSCRIPT"
  | "BUSY"
  | "CLUSTERDOWN"
  | "TRYAGAIN"
  | "MOVED"
  | "ASK";

/** The errors that faults have, by their codes. */
const ERRORS = {
  READONLY: "READONLY You can't write against a read only replica.",
  OOM: "OOM command not allowed when used memory > 'maxmemory'.",
  LOADING: "LOADING Redis is loading the dataset in memory",
  NOSCRIPT: "NOSCRIPT No matching script. Please use EVAL.",
  BUSY: "BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.",
  CLUSTERDOWN: "CLUSTERDOWN The cluster is down",
  TRYAGAIN: "TRYAGAIN Multiple keys request during rehashing of slot",
} as const satisfies Record<Exclude<FaultError, "MOVED" | "ASK">, string>;

/**
 * What happens to a command: an error by its code, or with a text of your own (`{ error }`); a wait of
 * `{ waitMs }` by the server's clock before it is carried out; the connection is cut before it is carried out
 * (`"cut before"`), after that and without a reply (`"cut after"`), or in the middle of the reply
 * (`"cut reply"`).
 */
export type RedisFault =
  | FaultError
  | { readonly error: string }
  | { readonly waitMs: number }
  | "cut before"
  | "cut after"
  | "cut reply";

/** Which commands a fault happens to. */
export interface FaultOptions {
  /**
   * Name of the command, in letters of any size. Default: every command but those that clients send by
   * themselves when they connect: `HELLO`, `AUTH`, `SELECT`, `PING`, `CLIENT`, `INFO`, `COMMAND`.
   */
  command?: string;
  /** Selects commands by their words, as texts. Default: all. */
  matches?: (words: readonly string[]) => boolean;
  /** Every nth of these commands. Default: 1. */
  nth?: number;
  /** How often it happens; `Infinity`: always. Default: 1. */
  times?: number;
}

const count = (name: string, value: unknown) =>
  value === Infinity ? value : checkInteger(name, value, 1);
const FAULT_CHECKS: OptionChecks<FaultOptions> = {
  command: (name, value) => {
    if (typeof value === "string" && value !== "") return value;
    throw new TypeError(`${name} must be the name of a command, not ${formatValue(value)}`);
  },
  matches: callback,
  nth: count,
  times: count,
};
const OPTIONS = new OptionRules<FaultOptions>("inject()", FAULT_CHECKS);
const CUTS: readonly unknown[] = ["cut before", "cut after", "cut reply"];
/** What clients send when they connect. */
const CONNECTING = new Set(["hello", "auth", "select", "ping", "client", "info", "command"]);

/** A fault that was asked for. */
export interface InjectedFault {
  /** How often it has happened. */
  readonly happened: number;
  /** Takes it back. */
  remove(): void;
}

class Injected implements InjectedFault {
  happened = 0;
  #seen = 0;
  readonly #all: Set<Injected>;

  constructor(readonly fault: RedisFault, readonly options: FaultOptions, all: Set<Injected>) {
    this.#all = all;
  }

  /** True if it happens to a command. */
  strikes({ name }: CommandInfo, words: readonly string[]): boolean {
    const { command, matches, nth = 1, times = 1 } = this.options;
    const [own] = name.split("|");
    if (command === undefined ? CONNECTING.has(own) : command.toLowerCase() !== own) return false;
    if (matches !== undefined && !matches(words)) return false;
    if (++this.#seen % nth !== 0) return false;
    if (++this.happened >= times) this.remove();
    return true;
  }

  remove(): void {
    this.#all.delete(this);
  }
}

/** The faults of a server. */
export class RedisFaults {
  readonly #injected = new Set<Injected>();

  /** True if a fault may happen. */
  get isOn(): boolean {
    return this.#injected.size > 0;
  }

  /**
   * Makes a fault happen to the next command, or to those that the options select.
   *
   * @throws {TypeError} if the fault or an option is unknown
   *
   * @example
   * ```ts
   * import { EmbeddedServer } from "@ringbus/ringbus/tcp";
   *
   * await using server = new EmbeddedServer({ port: 0 });
   * server.faults.inject("LOADING", { command: "GET", times: 2 });
   * server.faults.inject("cut after", { command: "INCR" });
   * server.faults.clear();
   * ```
   */
  inject(fault: RedisFault, options: FaultOptions = {}): InjectedFault {
    checkNoMore("inject()", arguments, 2);
    checkFault(fault);
    OPTIONS.check(options);
    const injected = new Injected(fault, options, this.#injected);
    this.#injected.add(injected);
    return injected;
  }

  /** Takes all faults back. */
  clear(): void {
    checkNoMore("clear()", arguments, 0);
    this.#injected.clear();
  }

  /**
   * The fault that happens to a command now; undefined: none.
   * @internal
   */
  take(command: CommandInfo, words: readonly string[]): RedisFault | undefined {
    for (const injected of this.#injected) {
      if (injected.strikes(command, words)) return injected.fault;
    }
    return undefined;
  }
}

function checkFault(fault: unknown): void {
  if (typeof fault === "string") {
    if (fault in ERRORS || fault === "MOVED" || fault === "ASK" || CUTS.includes(fault)) return;
  } else if (typeof fault === "object" && fault !== null) {
    const { error, waitMs } = fault as Record<string, unknown>;
    if (typeof error === "string" && waitMs === undefined) return;
    if (error === undefined && waitMs !== undefined) return void durationMs("waitMs", waitMs);
  }
  throw new TypeError(
    `a fault must be one of ${
      Object.keys(ERRORS).join(", ")
    }, MOVED, ASK, "cut before", "cut after", ` +
      `"cut reply", { error } or { waitMs }, not ${formatValue(fault)}`,
  );
}

/** The error reply of a fault; undefined if it is of another kind. */
export function faultReply(
  fault: RedisFault,
  client: ClientState,
  command: CommandInfo,
  words: readonly string[],
): ErrorReply | undefined {
  if (typeof fault === "object") {
    return "error" in fault ? new ErrorReply(fault.error) : undefined;
  }
  if (fault === "MOVED" || fault === "ASK") {
    const [at = 0] = keyPositions(command, words);
    return new ErrorReply(`${fault} ${keySlot(words[at])} ${client.output.localAddress}`);
  }
  return fault in ERRORS ? new ErrorReply(ERRORS[fault as keyof typeof ERRORS]) : undefined;
}
