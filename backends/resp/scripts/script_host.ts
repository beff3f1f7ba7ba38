/**
 * What a script asks of the server while it runs.
 *
 * @module
 */

import { RingbusError } from "../../../lib/base/errors.ts";
import { logger } from "../../../lib/base/log.ts";
import { sleep } from "../../../lib/base/sleep.ts";
import { latin1Bytes, readLatin1 } from "../../store/latin1.ts";
import type { TransitQuota } from "../../store/transit_quota.ts";
import type { Client } from "../engine/client.ts";
import { acceptsWords, type CommandInfo } from "../engine/command_info.ts";
import { err, OUT_OF_MEMORY } from "../engine/errors.ts";
import type { RespVersion } from "../protocol/encoder.ts";
import { type ErrorReply, OK, type Reply } from "../protocol/reply.ts";
import { withoutTailCalls } from "./bytecode.ts";
import { END, GO_ON, type MachineHost, type Next, SUSPEND } from "./machine.ts";
import { ScriptMemory } from "./script_memory.ts";
import { sha1 } from "./script_text.ts";
import { encodeReply } from "./wire.ts";

/** Codes for replies that need no text. */
const FALSE_CODE = -1;
const OK_CODE = -2;
/** The reply follows as text. */
const TEXT_CODE = -3;
/** The code of the number 0; larger numbers have smaller codes. */
const ZERO_CODE = -10;
const MAX_NUMBER = 2 ** 30;

/** A run of a script. */
export interface Run {
  readonly client: Client;
  readonly isReadOnly: boolean;
  /** False if commands that need memory are refused. */
  readonly hasRoom: boolean;
  /** Time by `performance.now()` after which it is ended. */
  readonly endsAtMs: number;
  /** Time after which it is executed again in turns with others, unless it has written. */
  readonly turnsAtMs: number;
  /** True if it is executed in turns. */
  readonly isInTurns: boolean;
}

/** Milliseconds of a turn. */
const TURN_MS = 10;
/** A script that should end has this time to do it by itself. */
const GRACE_MS = 100;

/**
 * A function of the interpreter has not ended with the script that called it.
 *
 * @internal
 */
export class UnendedScript extends RingbusError {
  /** The class name. */
  override name = "UnendedScript";
  /** Stable code of the class. */
  override readonly code: string = "resp-unended-script";
}

/** Where a script reads its replies. */
export interface ReplyInput {
  setInput(text: string): void;
  setRawInput(text: string): void;
}

/** Answers the calls of scripts. */
export class ScriptHost implements MachineHost {
  readonly #find: (words: readonly string[]) => CommandInfo | undefined;
  #run: Run | undefined;
  /** True if the script has written: it goes on when the memory is full. */
  hasWritten = false;
  /** True if it was ended to be executed in turns. */
  isTooSlow = false;
  #isKilled = false;
  #turnEndsAtMs = 0;
  /** When the script was to end. */
  #endedAtMs: number | undefined;
  readonly memory: ScriptMemory;
  /** The version of the protocol that it has chosen. */
  version: RespVersion = 2;
  /** Where its replies go. */
  input!: ReplyInput;

  constructor(
    find: (words: readonly string[]) => CommandInfo | undefined,
    transit: TransitQuota,
  ) {
    this.#find = find;
    this.memory = new ScriptMemory(transit);
  }

  /** Begins or ends a run. */
  begin(run: Run | undefined): void {
    this.#run = run;
    this.hasWritten = this.isTooSlow = this.#isKilled = false;
    this.#endedAtMs = undefined;
    this.#turnEndsAtMs = performance.now() + TURN_MS;
    this.version = 2;
  }

  /** Ends the run. */
  kill(): void {
    this.#isKilled = true;
  }

  next(): Next {
    if (this.#run === undefined) return GO_ON;
    const { endsAtMs, turnsAtMs, isInTurns, client } = this.#run;
    const nowMs = performance.now();
    if (this.#isKilled || nowMs > endsAtMs || client.isEnded) return END;
    if (isInTurns) return nowMs > this.#turnEndsAtMs ? SUSPEND : GO_ON;
    this.isTooSlow = nowMs > turnsAtMs && !this.hasWritten;
    return this.isTooSlow ? END : GO_ON;
  }

  nextInFunction(): Next {
    const next = this.next();
    if (next !== END) return next;
    this.#endedAtMs ??= performance.now();
    if (performance.now() - this.#endedAtMs > GRACE_MS) throw new UnendedScript();
    return GO_ON;
  }

  async pause(): Promise<void> {
    await sleep(0);
    this.#turnEndsAtMs = performance.now() + TURN_MS;
  }

  call(operation: string, args: string[]): number {
    switch (operation) {
      case "c":
        return this.#reply(this.#execute(args));
      case "h":
        return this.#reply(sha1(args[0]));
      case "v":
        this.version = args[0] === "3" ? 3 : 2;
        this.#run!.client.version = this.version;
        return 0;
      case "a":
        return this.#find(args) === undefined ? 0 : 1;
      case "t":
        return this.#keepLines(args[0]);
      default:
        logger.debug("script: {text}", { text: args[1] });
        return 0;
    }
  }

  /** Compiled Lua comes, and goes on changed. */
  #keepLines(text: string): number {
    const bytes = latin1Bytes(text);
    withoutTailCalls(bytes);
    this.input.setInput(readLatin1(bytes));
    return 0;
  }

  /** The code for a reply; what it does not say is read by the script. */
  #reply(reply: Reply): number {
    if (typeof reply === "string") {
      this.input.setRawInput(reply);
      return reply.length;
    }
    if (reply === OK) return OK_CODE;
    if (reply === null && this.version === 2) return FALSE_CODE;
    if (typeof reply === "number" && reply >= 0 && reply < MAX_NUMBER) return ZERO_CODE - reply;
    this.input.setInput(encodeReply(reply, this.version));
    return TEXT_CODE;
  }

  #execute(words: readonly string[]): Reply {
    const { client } = this.#run!;
    const command = this.#find(words);
    const refusal = this.#refusal(command, words);
    if (refusal !== undefined) {
      client.service.stats.countError(refusal.text, command?.name);
      return refusal;
    }
    if (command!.flags.has("write")) this.hasWritten = true;
    client.scriptedCommand = words[0];
    const reply = client.execute(words);
    client.scriptedCommand = undefined;
    return reply;
  }

  #refusal(command: CommandInfo | undefined, words: readonly string[]): ErrorReply | undefined {
    if (command === undefined) {
      this.#run!.client.service.stats.countUnknown(words[0]);
      return err("Unknown Redis command called from script");
    }
    if (!acceptsWords(command, words.length)) {
      return err("Wrong number of args calling Redis command from script");
    }
    if (command.flags.has("noscript")) return err("This Redis command is not allowed from script");
    if (command.flags.has("write") && this.#run!.isReadOnly) {
      return err("Write commands are not allowed from read-only scripts.");
    }
    const needsRoom = command.flags.has("denyoom") && !this.hasWritten;
    return needsRoom && !this.#run!.hasRoom ? OUT_OF_MEMORY : undefined;
  }
}
