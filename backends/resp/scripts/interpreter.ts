/**
 * Compiles scripts and runs them.
 *
 * @module
 */

import { err } from "../engine/errors.ts";
import { ErrorReply, type Reply } from "../protocol/reply.ts";
import { RUNTIME } from "./lua/mod.ts";
import { canSuspend, LuaMachine } from "./machine.ts";
import type { Run, ScriptHost } from "./script_host.ts";
import type { Script } from "./script_text.ts";
import { encodeList, encodeText, ResultReader } from "./wire.ts";

/** The memory of an interpreter never shrinks: one with more is replaced after a run. */
const MAX_KEPT_BYTES = 64 * 2 ** 20;

export { canSuspend };

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
    this.#settings = settingsFor(version);
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
  }

  /** Compiles a script, or throws why it is none. */
  compile({ id, text }: Script): void {
    if (this.#compiled.has(id)) return;
    const reply = this.#serve([encodeText("compile"), encodeText(id), encodeText(text)]);
    if (reply instanceof ErrorReply) {
      throw err(`Error compiling script (new function): ${reply.text}`);
    }
    this.#compiled.add(id);
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
    const machine = this.#use();
    try {
      return this.#replyOf(machine, machine.serve(encodeList(request)));
    } catch (error) {
      return this.#failed(error);
    }
  }

  async #serveInTurns(request: readonly string[]): Promise<Reply> {
    const machine = this.#use();
    try {
      return this.#replyOf(machine, await machine.serveInTurns(encodeList(request)));
    } catch (error) {
      return this.#failed(error);
    }
  }

  #replyOf(machine: LuaMachine, result: string): Reply {
    if (machine.memoryBytes > MAX_KEPT_BYTES) this.#drop();
    return new ResultReader(result, this.#host.version).read();
  }

  /** The stack of the interpreter is exhausted, or its memory: it cannot go on. */
  #failed(error: unknown): Reply {
    this.#drop();
    return err(`the interpreter of scripts has failed: ${(error as Error).message}`);
  }
}

function requestOf({ id }: Script, { keys, args }: Arguments): string[] {
  const [first, second] = [keys, args].map((texts) => encodeList(texts.map(encodeText)));
  return [encodeText("run"), encodeText(id), first, second];
}

function settingsFor(version: string): string {
  const [major, minor, patch] = version.split(".").map(Number);
  return `REDIS_VERSION = '${version}'
REDIS_VERSION_NUM = ${major << 16 | minor << 8 | patch}
`;
}
