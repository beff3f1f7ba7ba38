/**
 * The scripts of a server. The interpreter is loaded when the first of them comes.
 *
 * @module
 */

import { canLoadModules, loadModule } from "../../../lib/base/descriptors.ts";
import { logger } from "../../../lib/base/log.ts";
import type { Client } from "../engine/client.ts";
import type { CommandInfo } from "../engine/command_info.ts";
import { BUSY, err } from "../engine/errors.ts";
import type { Service } from "../engine/service.ts";
import { ErrorReply, type Reply } from "../protocol/reply.ts";
import type { Arguments, Interpreter } from "./interpreter.ts";
import { ScriptCache } from "./script_cache.ts";
import { ScriptHost } from "./script_host.ts";
import type { Script } from "./script_text.ts";

const NO_ROOM = new ErrorReply(
  "OOM allow-oom flag is not set on the script,  can not run it when used memory > 'maxmemory'",
);

const NOT_LOADED = err(
  "the interpreter is not loaded: send the first script over a connection, and while the server has file " +
    "descriptors left",
);
/** After a failure the interpreter is not loaded again for this time. */
const RETRY_MS = 1000;

const NOT_BUSY = new ErrorReply("NOTBUSY No scripts in execution right now.");
const UNKILLABLE = new ErrorReply(
  "UNKILLABLE Sorry the script already executed write commands against the dataset. You can either wait " +
    "the script termination or kill the server in a hard way using the SHUTDOWN NOSAVE command.",
);

let interpreters: typeof import("./interpreter.ts") | undefined;
let loading: Promise<void> | undefined;
let failedAtMs = -Infinity;

/** Loads the interpreter; never rejects. Undefined when it is there, or cannot be loaded now. */
export function loadInterpreter(): Promise<void> | undefined {
  if (interpreters !== undefined || performance.now() < failedAtMs + RETRY_MS) return undefined;
  if (loading === undefined && !canLoadModules()) return undefined;
  return loading ??= load().finally(() => loading = undefined);
}

async function load(): Promise<void> {
  try {
    interpreters = await loadModule(() => import("./interpreter.ts"));
  } catch (error) {
    failedAtMs = performance.now();
    logger.error("cannot load the interpreter of scripts: {error}", { error });
  }
}

/** How a script is called. */
export interface ScriptCall extends Arguments {
  /** True if it may not write. */
  readonly isReadOnly: boolean;
}

/** The scripts of one server. */
export class Scripts {
  readonly cache: ScriptCache;
  readonly #service: Service;
  readonly #commands = new Map<string, CommandInfo>();
  readonly #host: ScriptHost;
  #interpreter: Interpreter | undefined;

  constructor(service: Service) {
    this.#service = service;
    for (const command of service.commands) {
      this.#commands.set(command.name, command);
      for (const each of command.subcommands ?? []) this.#commands.set(each.name, each);
    }
    this.#host = new ScriptHost((words) => this.#find(words), service.store.transit);
    this.cache = new ScriptCache(() => service.store.transit.maxBytes);
    this.cache.onForget = (id) => this.#interpreter?.forget(id);
  }

  #find([name, subcommand]: readonly string[]): CommandInfo | undefined {
    const command = this.#commands.get(name.toLowerCase());
    if (command?.subcommands === undefined || subcommand === undefined) return command;
    return this.#commands.get(`${command.name}|${subcommand.toLowerCase()}`);
  }

  #use(): Interpreter {
    if (interpreters === undefined) throw NOT_LOADED;
    if (this.#service.busy !== undefined) throw BUSY;
    return this.#interpreter ??= new interpreters.Interpreter(this.#host, this.#service.version);
  }

  /** Compiles a script, or throws why it is none. */
  compile(script: Script): void {
    this.#use().compile(script);
  }

  /** Runs a script for a client. Nothing else is executed meanwhile. */
  run(client: Client, script: Script, { isReadOnly, ...rest }: ScriptCall): Reply {
    const hasRoom = this.#service.store.makeRoom(1, 1);
    const nowMs = performance.now();
    const { scriptTimeoutMs, busyThresholdMs } = this.#service;
    const run = {
      client,
      isInTurns: false,
      turnsAtMs: canWait(client) ? nowMs + busyThresholdMs : Infinity,
      isReadOnly: isReadOnly || (script.flags?.has("no-writes") ?? false),
      hasRoom: hasRoom || (script.flags?.has("allow-oom") ?? false),
      endsAtMs: nowMs + scriptTimeoutMs,
    };
    if (script.flags !== undefined) checkFlags(script.flags, isReadOnly, run.hasRoom);
    this.compile(script);
    const end = beginAtomic(client);
    const interpreter = this.#use();
    const reply = interpreter.run(script, rest, run);
    end();
    if (reply !== undefined) return reply;
    return this.#runInTurns(client, () => interpreter.runInTurns(script, rest, run));
  }

  /** The client waits for its script. Others are told that the server is busy, and may end the script. */
  #runInTurns(client: Client, execute: () => Promise<Reply>): Reply {
    this.#service.busy = this.#endsInTurns(client, execute);
    return client.block({ keys: [], timeoutMs: Infinity, onTimeout: null });
  }

  async #endsInTurns(client: Client, execute: () => Promise<Reply>): Promise<void> {
    // First the client begins to wait.
    await Promise.resolve();
    const end = beginAtomic(client);
    const reply = await execute();
    end();
    this.#service.busy = undefined;
    if (client.blocked !== undefined) this.#service.blocked.finish(client.blocked, reply);
  }

  /** Ends the script that runs in turns, or throws why it cannot. */
  kill(): void {
    if (this.#service.busy === undefined) throw NOT_BUSY;
    if (this.#host.hasWritten) throw UNKILLABLE;
    this.#host.kill();
  }

  /** Forgets all scripts. */
  clear(): void {
    this.cache.clear();
    this.#interpreter?.clear();
  }
}

function checkFlags(flags: ReadonlySet<string>, isReadOnly: boolean, hasRoom: boolean): void {
  if (isReadOnly && !flags.has("no-writes")) {
    throw err("Can not execute a script with write flag using *_ro command.");
  }
  if (!hasRoom) throw NO_ROOM;
}

/** Begins a script. Returns what ends it: what the script selects ends with it. */
function beginAtomic(client: Client): () => void {
  const { db, version, isAtomic } = client;
  client.version = 2;
  client.isAtomic = client.isScript = true;
  return () => {
    client.db = db;
    client.version = version;
    client.isAtomic = isAtomic;
    client.isScript = false;
  };
}

/** True if a client can wait for its script: not in a transaction. */
function canWait(client: Client): boolean {
  return interpreters!.canSuspend && !client.isAtomic;
}

const scripts = new WeakMap<Service, Scripts>();

/** The scripts of a server. */
export function scriptsOf(service: Service): Scripts {
  let found = scripts.get(service);
  if (found === undefined) scripts.set(service, found = new Scripts(service));
  return found;
}
