/**
 * Executes the requests of clients: it finds the command, checks whether it is allowed now, and calls its
 * handler.
 *
 * @module
 */

import { logger } from "../../../lib/base/log.ts";
import { Blocked, ErrorReply, NO_REPLY, QUEUED, type Reply } from "../protocol/reply.ts";
import { textOfBytes } from "../../store/byte_string.ts";
import type { BlockedCall } from "./blocked_calls.ts";
import type { Client } from "./client.ts";
import { commandBytes, nameBytes } from "./client_memory.ts";
import type { Command } from "./command.ts";
import { acceptsWords } from "./command_info.ts";
import type { CommandTable } from "./command_table.ts";
import { BUSY, err, NO_AUTH, OUT_OF_MEMORY, replyForError, wrongArity } from "./errors.ts";
import { faultReply, type RedisFault } from "./faults.ts";
import { RequestLookahead } from "./lookahead.ts";
import type { Service } from "./service.ts";

/** Characters of unknown words in an error. */
const MAX_SHOWN = 128;
/** Approximate bytes that an argument needs besides its text when it is stored. */
const ARGUMENT_COST = 300;

/** Commands that are executed at once also between `MULTI` and `EXEC`. */
const IMMEDIATE = new Set(["exec", "discard", "multi", "watch", "quit", "reset"]);

/** Commands of a client of version 2 that has subscriptions. */
const SUBSCRIBED = new Set([
  "subscribe",
  "unsubscribe",
  "psubscribe",
  "punsubscribe",
  "ssubscribe",
  "sunsubscribe",
  "ping",
  "quit",
  "reset",
]);

/** A fault that lets a command wait. */
type WaitFault = Extract<RedisFault, { waitMs: number }>;

/** Dispatches the requests to one service. */
export class Dispatcher {
  readonly #service: Service;
  readonly #table: CommandTable;
  readonly #lookahead: RequestLookahead;
  /** True until a command is measured: the first of those that arrive together, and none within it. */
  #isMeasured = false;

  constructor(service: Service, table: CommandTable) {
    this.#service = service;
    this.#table = table;
    this.#lookahead = new RequestLookahead(table);
  }

  /**
   * Executes a request of a client. Its reply goes to its output, unless it waits.
   *
   * @param isSameTime true if it arrived together with the one before
   */
  dispatch(client: Client, words: readonly string[], isSameTime = false): void {
    const service = this.#service;
    if (!isSameTime) service.readClock();
    this.#isMeasured = !isSameTime;
    service.isExecuting = true;
    service.onCommand?.(words);
    const fault = service.faults.isOn ? this.#faultOf(words) : undefined;
    if (fault !== undefined) this.#fail(client, words, fault);
    else client.send(this.#replyTo(client, words));
    if (service.blocked.isDue) service.blocked.serve();
    service.isExecuting = false;
  }

  /** Loads what requests of a client will need that have arrived together. Nothing else happens. */
  lookAhead(client: Client, requests: readonly (readonly string[])[]): void {
    this.#lookahead.load(client, requests);
  }

  /** True if a word names a command. */
  isKnown(word: string): boolean {
    return this.#table.find(word) !== undefined;
  }

  /** Executes the words of a command in a transaction or a script. */
  readonly execute = (client: Client, words: readonly string[]): Reply => {
    const command = this.#find(words);
    if (command instanceof ErrorReply) return command;
    return this.#call(client, command, argumentsOf(command, words));
  };

  #faultOf(words: readonly string[]): RedisFault | undefined {
    const command = this.#find(words);
    if (command instanceof ErrorReply) return undefined;
    return this.#service.faults.take(command, words.map(textOfBytes));
  }

  /** Does to a request what a test has asked for. */
  #fail(client: Client, words: readonly string[], fault: RedisFault): void {
    const command = this.#find(words) as Command;
    if (this.#isLoading(client, command, () => this.#fail(client, words, fault))) return;
    const error = faultReply(fault, client, command, words);
    if (error !== undefined) return client.send(this.#refuse(client, error, undefined));
    if (fault === "cut before") return client.output.close();
    if (typeof fault === "object") {
      return void this.#delay(client, words, (fault as WaitFault).waitMs);
    }
    const reply = this.#replyTo(client, words);
    if (fault === "cut reply") client.output.sendHalf(reply, client.version);
    else client.output.close();
  }

  /** The first request that needs a part of the server waits until that is loaded. */
  #isLoading(client: Client, { load }: Command, execute: () => void): boolean {
    const loading = load?.();
    if (loading === undefined) return false;
    const waiting = this.#later(client, execute, Infinity);
    void loading.then(() => this.#service.blocked.finish(waiting, NO_REPLY));
    return true;
  }

  #isFirst(client: Client, command: Command, words: readonly string[]): boolean {
    return this.#isLoading(client, command, () => client.send(this.#replyTo(client, words)));
  }

  /** Executes a request later. Those after it wait as well. */
  #delay(client: Client, words: readonly string[], delayMs: number): BlockedCall {
    return this.#later(client, () => client.send(this.#replyTo(client, words)), delayMs);
  }

  #later(client: Client, execute: () => void, delayMs: number): BlockedCall {
    const finish = () => {
      client.blocked = undefined;
      this.#service.readClock();
      execute();
      client.output.resume();
    };
    const call = {
      keys: client.db,
      names: [],
      onTimeout: NO_REPLY,
      attempt: () => NO_REPLY,
      finish,
    };
    return client.blocked = this.#service.blocked.add(call, delayMs);
  }

  #replyTo(client: Client, words: readonly string[]): Reply {
    const command = this.#find(words);
    if (command instanceof ErrorReply) return this.#refused(client, words, command, undefined);
    const args = argumentsOf(command, words);
    const refusal = this.#refusal(client, command, args);
    if (refusal !== undefined) return this.#refused(client, words, refusal, command);
    client.usedAtMs = this.#service.nowMs;
    client.commandCount++;
    client.lastCommand = command.name;
    if (command.load !== undefined && this.#isFirst(client, command, words)) return NO_REPLY;
    if (client.transaction !== undefined && !IMMEDIATE.has(command.name)) {
      return this.#queue(client, words);
    }
    if (this.#service.pause.isOn && this.#isPaused(client, command, words)) return NO_REPLY;
    const reply = this.#call(client, command, args);
    return reply instanceof Blocked ? this.#block(client, command, args, reply) : reply;
  }

  #refused(
    client: Client,
    words: readonly string[],
    refusal: ErrorReply,
    command: Command | undefined,
  ): ErrorReply {
    const counted = this.#refuse(client, refusal, command);
    return words[0].toLowerCase() === "exec" ? this.#abort(client, counted) : counted;
  }

  /** Keeps a command for `EXEC`. */
  #queue(client: Client, words: readonly string[]): Reply {
    if (!client.transactionMemory.reserve(commandBytes(words))) {
      return this.#refuse(client, OUT_OF_MEMORY, undefined);
    }
    client.transaction!.queued.push([...words]);
    return QUEUED;
  }

  /** During a pause a request waits, and is executed after it. */
  #isPaused(client: Client, command: Command, words: readonly string[]): boolean {
    const { pause, blocked } = this.#service;
    const isWrite = command.flags.has("write") || command.name === "exec";
    const remainingMs = pause.remainingMs(this.#service.nowMs, isWrite);
    if (remainingMs === 0 || command.flags.has("admin")) return false;
    const waiting = this.#delay(client, words, remainingMs);
    const cancel = pause.onEnd(() => blocked.finish(waiting, NO_REPLY));
    void waiting.ended.then(cancel);
    return true;
  }

  #refuse(client: Client, refusal: ErrorReply, command: Command | undefined): ErrorReply {
    if (client.transaction !== undefined) client.transaction.hasFailed = true;
    if (command !== undefined) this.#service.stats.of(command.name).rejected++;
    this.#service.stats.countError(refusal.text, command?.name);
    return refusal;
  }

  /** An `EXEC` that is refused ends its transaction. */
  #abort(client: Client, { text }: ErrorReply): ErrorReply {
    client.endTransaction();
    const why = text.replace(/^ERR /, "");
    return new ErrorReply(`EXECABORT Transaction discarded because of: ${why}`);
  }

  /** The command of a request, or why there is none. */
  #find(words: readonly string[]): Command | ErrorReply {
    let command = this.#table.find(words[0]);
    if (command === undefined) return this.#unknown(words);
    if (command.subcommands !== undefined && words.length > 1) {
      const subcommand = this.#table.findSubcommand(command, words[1]);
      if (subcommand === undefined) return this.#unknownSubcommand(command, words[1]);
      command = subcommand;
    }
    return acceptsWords(command, words.length) ? command : wrongArity(command.name);
  }

  #unknown(words: readonly string[]): ErrorReply {
    this.#service.stats.countUnknown(words[0]);
    let shown = "";
    for (const word of words.slice(1)) {
      if (shown.length >= MAX_SHOWN) break;
      shown += `'${word.slice(0, MAX_SHOWN - shown.length)}' `;
    }
    return err(
      `unknown command '${words[0].slice(0, MAX_SHOWN)}', with args beginning with: ${shown}`,
    );
  }

  #unknownSubcommand(command: Command, word: string): ErrorReply {
    this.#service.stats.countUnknown(`${command.name}|${word}`);
    return err(
      `unknown subcommand '${word.slice(0, MAX_SHOWN)}'. Try ${command.name.toUpperCase()} HELP.`,
    );
  }

  /** Why a command is not allowed now. */
  #refusal(client: Client, command: Command, args: readonly string[]): ErrorReply | undefined {
    if (!client.isAuthenticated && !command.flags.has("no_auth")) return NO_AUTH;
    if (this.#service.busy !== undefined && !command.flags.has("allow_busy")) return BUSY;
    if (client.version === 2 && client.subscriptionCount > 0 && !SUBSCRIBED.has(command.name)) {
      return err(
        `Can't execute '${command.name}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET ` +
          "are allowed in this context",
      );
    }
    if (client.transaction !== undefined && command.flags.has("no_multi")) {
      return err("Command not allowed inside a transaction");
    }
    if (command.flags.has("denyoom") && !this.#hasRoom(args)) return OUT_OF_MEMORY;
    return undefined;
  }

  #hasRoom(args: readonly string[]): boolean {
    const { store } = this.#service;
    if (store.maxBytes === Infinity) return true;
    const bytes = args.reduce((sum, arg) => sum + arg.length + ARGUMENT_COST, 0);
    return store.makeRoom(bytes, args.length);
  }

  #call(client: Client, command: Command, args: readonly string[]): Reply {
    const { stats, store, slowlog, monitors } = this.#service;
    store.sweepAt(this.#service.nowMs);
    if (client.isNoTouch) store.uses.isCounted = false;
    if (monitors.size > 0) monitors.show(client, command, args);
    stats.processed++;
    const counts = stats.of(command.name);
    counts.calls++;
    const isMeasured = this.#isMeasured;
    this.#isMeasured = false;
    const startMs = isMeasured ? performance.now() : 0;
    const reply = slowlog.isOn
      ? slowlog.measured(client, command, args, () => this.#handle(client, command, args))
      : this.#handle(client, command, args);
    if (isMeasured) counts.durations.record((performance.now() - startMs) / 1000);
    if (reply instanceof ErrorReply) {
      counts.failed++;
      stats.countError(reply.text, command.name);
    }
    return reply;
  }

  #handle(client: Client, command: Command, args: readonly string[]): Reply {
    try {
      return command.handle(client, args);
    } catch (error) {
      const reply = replyForError(error);
      if (reply !== undefined) return reply;
      logger.error("cannot execute {command}: {error}", { command: command.name, error });
      return err(`the server failed at ${command.name}`);
    }
  }

  #block(client: Client, command: Command, args: readonly string[], wait: Blocked): Reply {
    if (!client.waitingMemory.reserve(nameBytes(wait.keys))) return OUT_OF_MEMORY;
    const { blocked } = this.#service;
    const attempt = () => {
      this.#service.readClock();
      this.#service.store.sweepAt(this.#service.nowMs);
      return this.#handle(client, command, wait.args ?? args);
    };
    const finish = (reply: Reply) => {
      client.blocked = undefined;
      client.waitingMemory.release();
      client.send(reply);
      client.output.resume();
    };
    const call = { keys: client.db, names: wait.keys, onTimeout: wait.onTimeout, attempt, finish };
    client.blocked = blocked.add(call, wait.timeoutMs);
    return NO_REPLY;
  }
}

/** The words after the name of a command. */
function argumentsOf({ nameLength }: Command, words: readonly string[]): readonly string[] {
  return words.slice(nameLength);
}
