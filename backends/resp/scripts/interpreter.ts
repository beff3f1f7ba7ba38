/**
 * Compiles scripts and runs them.
 *
 * @module
 */

import { err } from "../engine/errors.ts";
import { ErrorReply, type Reply } from "../protocol/reply.ts";
import { RUNTIME } from "./lua/mod.ts";
import { canSuspend, LuaMachine } from "./machine.ts";
import { type Run, type ScriptHost, UnendedScript } from "./script_host.ts";
import type { Script } from "./script_text.ts";
import { encodeList, encodeText, ResultReader } from "./wire.ts";

export { canSuspend };

/** What Lua says. */
const NO_MEMORY = "not enough memory";
const KILLED = err("Script killed by user with SCRIPT KILL...");

/** A run with its arguments. */
export interface Arguments {
  readonly keys: readonly string[];
  readonly args: readonly string[];
}

/** Runs scripts on one machine. */
export class Interpreter {
  readonly #host: ScriptHost;
  readonly #settings: string;
  readonly #compiled = new Set<string>();
  #machine: LuaMachine | undefined;

  constructor(host: ScriptHost, version: string) {
    this.#host = host;
    this.#settings = settingsFor(version, host.memory.isBounded);
  }

  #use(): LuaMachine {
    return this.#machine ??= this.#host.input = new LuaMachine(
      this.#host,
      this.#settings + RUNTIME,
    );
  }

  #drop(): void {
    this.#machine = undefined;
    this.#compiled.clear();
    this.#host.memory.release();
  }

  /** Compiles a script, or throws why it is none. */
  compile(script: Script): void {
    const fault = this.#compile(script);
    if (fault !== undefined) throw fault;
  }

  #compile({ id, text }: Script): ErrorReply | undefined {
    if (this.#compiled.has(id)) return undefined;
    const reply = this.#serve([encodeText("compile"), encodeText(id), encodeText(text)]);
    if (reply instanceof ErrorReply) {
      return err(`Error compiling script (new function): ${reply.text}`);
    }
    this.#compiled.add(id);
    return undefined;
  }

  /** Runs a compiled script. Undefined if it is too slow for one turn. */
  run(script: Script, given: Arguments, run: Run): Reply | undefined {
    this.#host.begin(run);
    const reply = this.#serve(requestOf(script, given));
    const { isTooSlow } = this.#host;
    this.#host.begin(undefined);
    return isTooSlow ? undefined : reply;
  }

  /** Runs a compiled script in turns with others. */
  async runInTurns(script: Script, given: Arguments, run: Run): Promise<Reply> {
    const fault = this.#compile(script);
    if (fault !== undefined) return fault;
    this.#host.begin({ ...run, isInTurns: true });
    const reply = await this.#serveInTurns(requestOf(script, given));
    this.#host.begin(undefined);
    return reply;
  }

  /** Forgets a compiled script. */
  forget(id: string): void {
    if (this.#compiled.delete(id)) this.#serve([encodeText("forget"), encodeText(id)]);
  }

  /** Forgets all scripts, and frees the memory. */
  clear(): void {
    this.#drop();
  }

  #serve(request: readonly string[]): Reply {
    try {
      return this.#replyOf(this.#use().serve(encodeList(request)));
    } catch (error) {
      return this.#failed(error);
    }
  }

  async #serveInTurns(request: readonly string[]): Promise<Reply> {
    try {
      return this.#replyOf(await this.#use().serveInTurns(encodeList(request)));
    } catch (error) {
      return this.#failed(error);
    }
  }

  #replyOf(result: string): Reply {
    if (this.#host.memory.isLarge) this.#drop();
    return new ResultReader(result, this.#host.version).read();
  }

  /** It is in the middle of something, or its stack is exhausted: it cannot go on. */
  #failed(error: unknown): Reply {
    this.#drop();
    if (error instanceof UnendedScript) return KILLED;
    if ((error as Error).message === NO_MEMORY) return err(NO_MEMORY);
    return err(`the interpreter of scripts has failed: ${(error as Error).message}`);
  }
}

function requestOf({ id }: Script, { keys, args }: Arguments): string[] {
  const [first, second] = [keys, args].map((texts) => encodeList(texts.map(encodeText)));
  return [encodeText("run"), encodeText(id), first, second];
}

/** With little memory, garbage is collected more often than by default. */
const SAVING = "collectgarbage('setpause', 130)\n";

function settingsFor(version: string, isBounded: boolean): string {
  const [major, minor, patch] = version.split(".").map(Number);
  return (isBounded ? SAVING : "") + `REDIS_VERSION = '${version}'
REDIS_VERSION_NUM = ${major << 16 | minor << 8 | patch}
`;
}
