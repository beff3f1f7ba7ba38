/**
 * The session of one client, without its connection: it executes commands, and writes replies and pushes.
 *
 * @module
 */

import { pluralize } from "../../../lib/base/pluralize.ts";
import { logger } from "../../../lib/base/log.ts";
import { formatValue } from "../../../lib/base/options.ts";
import { observe, type RequestObserver, type RequestOutcome } from "../../hosting/observer.ts";
import type { ContextHeaders } from "../../../lib/base/context_headers.ts";
import { InvalidInputError, StoreError, StoreFullError } from "../../store/errors.ts";
import { MAX_UNAUTHENTICATED_LINE_BYTES } from "../../store/limits.ts";
import type { Store } from "../../store/store.ts";
import { QueueSubscriber, type Subscriber } from "../../store/subscriber.ts";
import type { Subscription } from "../../store/subscription.ts";
import { splitArguments, splitAtEachSpace } from "../protocol/arguments.ts";
import { acceptsCount, type Command, type CommandContext, usage } from "./command.ts";
import { type CommandTable, MAX_WORD_LENGTH } from "./command_table.ts";
import type { LineFault, LineReader } from "../protocol/line_reader.ts";
import { LineSplitter } from "../protocol/line_splitter.ts";
import type { WriteBuffer } from "../protocol/write_buffer.ts";
import { errorReply, pushLine } from "./replies.ts";
import type { CommandService, ServiceSession } from "./service.ts";
import type { ConnectionStats, ServerStats } from "./stats.ts";

/**
 * The first line of an HTTP request. A web page can make a browser send any text to a port of this machine,
 * but only after such a line. It chooses the method, which may be the name of a command.
 */
const HTTP_REQUEST = /^\S+ \S+ HTTP\/\d/;
const NO_HTTP = "this port speaks the line protocol of Ringbus, not HTTP";
/** Commands of shared state: a server without it replies with an error of its own. */
const STATE_COMMAND = /^STATE_/i;
const SPACE = 0x20;
/** Bytes of a reply for each byte of the messages in it, in base64. */
const ENCODED_FACTOR = 4 / 3;
/** Bytes in the write buffer at which no more pushes are appended. */
const PUSH_BYTES = 64 * 1024;
/** The same while many connections have bytes that their clients do not read. */
const FEW_PUSH_BYTES = 4096;

/** What all sessions of a server share. */
export interface SessionContext {
  readonly store: Store;
  readonly connectionStats: ConnectionStats;
  /** Compares a text with the token; undefined if the server has none. */
  readonly isToken: ((candidate: string) => boolean) | undefined;
  readonly commands: CommandTable;
  /** Service beside the store, if the server offers one. */
  readonly service: CommandService | undefined;
  /** Called for each command. */
  readonly onRequest?: RequestObserver | undefined;
  readonly maxLineBytes: number;
  readonly maxReplyBytes: number;
  stats(): ServerStats;
}

/** Input and output of a session. */
export interface SessionIo {
  readonly reader: LineReader;
  readonly writeBuffer: WriteBuffer;
  readonly subscription: Subscription;
}

/** The session of one client. */
export class LineSession implements CommandContext<ServiceSession> {
  readonly subscriber: Subscriber;
  readonly #subscription: Subscription;
  readonly #context: SessionContext;
  readonly #reader: LineReader;
  readonly #lines: LineSplitter;
  readonly #writeBuffer: WriteBuffer;
  #isAuthenticated: boolean;
  #isEnded = false;
  /** True until a command is measured: the first of those that arrive together. */
  #isMeasured = false;
  /** The first line of the connection was a command. */
  #isClient = false;
  #service: ServiceSession | undefined;
  /** Trace context and baggage of the command that is executed now. */
  headers: ContextHeaders | undefined;
  #nextHeaders: ContextHeaders | undefined;
  /** The client understands pushes with headers. */
  #acceptsHeaders = false;
  /** Dropped pushes that the client knows of; undefined if it does not want to know. */
  #reportedDropped: number | undefined;
  /** Pushes that were appended to the write buffer last. */
  #appended = 0;

  constructor(context: SessionContext, { reader, writeBuffer, subscription }: SessionIo) {
    this.#context = context;
    this.#reader = reader;
    this.#lines = new LineSplitter(reader);
    this.#writeBuffer = writeBuffer;
    this.#subscription = subscription;
    this.subscriber = new QueueSubscriber(context.store.subscriptions, subscription);
    this.#isAuthenticated = context.isToken === undefined;
    reader.maxLineBytes = this.#isAuthenticated
      ? context.maxLineBytes
      : Math.min(MAX_UNAUTHENTICATED_LINE_BYTES, context.maxLineBytes);
  }

  get store(): Store {
    return this.#context.store;
  }

  checkReply(bytes: number, remedy: string): void {
    this.#checkReply(bytes, remedy, this.store.transit.hasRoom(bytes * ENCODED_FACTOR));
  }

  checkValue(bytes: number): void {
    const hasRoom = this.store.transit.hasRoomForValue(bytes * ENCODED_FACTOR);
    this.#checkReply(bytes, "ask later", hasRoom);
  }

  #checkReply(bytes: number, remedy: string, hasRoom: boolean): void {
    const { maxReplyBytes } = this.#context;
    if (bytes > maxReplyBytes) {
      throw new InvalidInputError(
        `the reply would have ${pluralize(bytes, "byte")}, and maxReplyBytes is ` +
          `${maxReplyBytes}: ${remedy}`,
      );
    }
    if (hasRoom) return;
    throw new StoreFullError(
      `there is no room for a reply of ${pluralize(bytes, "byte")} now: ${remedy}, or raise ` +
        `maxBytes`,
    );
  }

  stats(): ServerStats {
    return this.#context.stats();
  }

  /** This client's session of the service; only the commands of a service use it. */
  get service(): ServiceSession {
    return this.#service ??= this.#context.service!.openSession();
  }

  setNextHeaders(headers: ContextHeaders | undefined): void {
    this.#nextHeaders = headers;
    this.#acceptsHeaders = true;
  }

  reportDropped(): void {
    this.#reportedDropped ??= 0;
  }

  allowLongLines(): void {
    this.#reader.maxLineBytes = this.#context.maxLineBytes;
  }

  /** Checks a token; false if it is wrong. */
  authenticate(token: string): boolean {
    const { isToken } = this.#context;
    if (isToken !== undefined && !isToken(token)) return false;
    this.#isAuthenticated = true;
    this.allowLongLines();
    return true;
  }

  /** True if no more lines are to be read: the peer is not a client of this protocol. */
  get isEnded(): boolean {
    return this.#isEnded;
  }

  /** Executes complete lines while `canContinue` returns true; true if it stopped before the last one. */
  process(canContinue: () => boolean): boolean {
    this.#isMeasured = true;
    while (!this.#isEnded && canContinue()) {
      const line = this.#lines.next();
      if (line === undefined) return this.#isClient ? false : this.#waitForFirstLine();
      this.#writeBuffer.writeLine(
        typeof line === "string" ? this.#handleLine(line) : this.#handleFault(line.fault),
      );
    }
    return !this.#isEnded;
  }

  /** Ends the session as soon as what has arrived cannot become a command. Returns false. */
  #waitForFirstLine(): false {
    const start = String.fromCharCode(...this.#reader.peek(MAX_WORD_LENGTH + 1)).trimStart();
    const [word] = start.split(" ", 1);
    const isWhole = word.length < start.length || word.length > MAX_WORD_LENGTH;
    if (isWhole && this.#context.commands.find(word) === undefined) {
      this.#writeBuffer.writeLine(this.#rejectWord(word));
    }
    return false;
  }

  #handleFault(fault: LineFault): string {
    this.#isEnded ||= !this.#isClient;
    return this.#reject(this.#faultMessage(fault));
  }

  /** Rejects what is not a command. It ends the session if a browser may have sent it. */
  #rejectWord(word: string): string {
    this.#isEnded ||= !this.#isClient && word !== "";
    return this.#reject(unknownCommand(word));
  }

  #faultMessage(fault: LineFault): string {
    if (fault === "no room") {
      return "there is no room for a line of this length now: send it later, or raise maxBytes";
    }
    if (fault === "not UTF-8") return "a line must be UTF-8";
    return `a line has at most ${pluralize(this.#reader.maxLineBytes, "byte")}`;
  }

  #handleLine(line: string): string {
    let start = 0;
    while (line.charCodeAt(start) === SPACE) start++;
    const space = line.indexOf(" ", start);
    const end = space === -1 ? line.length : space;
    const word = line.slice(start, end);
    const command = this.#context.commands.find(word);
    if (command === undefined || !this.#isClient) {
      const isHttp = HTTP_REQUEST.test(line);
      this.#isEnded ||= isHttp;
      if (command === undefined) return this.#rejectWord(word);
      if (isHttp) return this.#reject(NO_HTTP);
      this.#isClient = true;
    }
    return this.#execute(command, line, end);
  }

  #execute(command: Command, line: string, from: number): string {
    const { connectionStats } = this.#context;
    connectionStats.count(command);
    if (!this.#isMeasured) return this.#handle(command, line, from);
    this.#isMeasured = false;
    const startMs = performance.now();
    const reply = this.#handle(command, line, from);
    connectionStats.measured(command, performance.now() - startMs);
    return reply;
  }

  #handle(command: Command, line: string, from: number): string {
    this.headers = this.#nextHeaders;
    this.#nextHeaders = undefined;
    const end = this.#observe(command);
    try {
      this.#authorize(command);
      const reply = command.handle(this, argumentsOf(command, line, from));
      end?.({});
      return reply;
    } catch (error) {
      end?.(error instanceof StoreError ? { refusal: error.message } : { fault: error });
      return this.#reject(messageFor(error, command));
    }
  }

  #observe({ name }: Command): ((outcome: RequestOutcome) => void) | undefined {
    const { onRequest } = this.#context;
    if (onRequest === undefined) return undefined;
    return observe(onRequest, { protocol: "line", operation: name, ...this.headers });
  }

  #authorize({ flags }: Command): void {
    if (flags.includes("open")) return;
    if (flags.includes("state")) this.service.authorize();
    else if (!this.#isAuthenticated) throw new InvalidInputError("send AUTH with the token first");
  }

  #reject(message: string): string {
    this.#context.connectionStats.countError(message);
    return errorReply(message);
  }

  /** Pushes in the queue, and those of the last call of `push()`. */
  get unsentPushes(): number {
    return this.#subscription.length + this.#appended;
  }

  /** Appends pushes for the subscriber, up to a number of bytes. Those of the call before are sent. */
  push(): void {
    this.#appended = 0;
    this.#pushDropped();
    const most = this.store.transit.isFull ? FEW_PUSH_BYTES : PUSH_BYTES;
    while (this.#subscription.length > 0 && this.#writeBuffer.length < most) {
      this.#writeBuffer.writeLine(pushLine(this.#subscription.shift()!, this.#acceptsHeaders));
      this.#context.connectionStats.pushes++;
      this.#appended++;
    }
  }

  /** What was dropped is older than what is in the queue. */
  #pushDropped(): void {
    if (this.#reportedDropped === undefined) return;
    const count = this.#subscription.dropped - this.#reportedDropped;
    if (count === 0) return;
    this.#reportedDropped += count;
    this.#writeBuffer.writeLine(`DROPPED ${count}`);
  }

  /** Ends all subscriptions, and the session of the service. */
  close(): void {
    this.#service?.close();
    this.store.subscriptions.remove(this.#subscription);
  }
}

/** The arguments of a command. A Python client does not quote an empty one: that counts if one is missing. */
function argumentsOf(command: Command, line: string, from: number): string[] {
  const args = splitArguments(line, from);
  if (acceptsCount(command, args.length)) return args;
  const withEmpty = splitAtEachSpace(line, from);
  if (args.length < command.required && acceptsCount(command, withEmpty.length)) return withEmpty;
  throw new InvalidInputError(`the number of arguments is ${args.length}: send ${usage(command)}`);
}

function unknownCommand(word: string): string {
  if (STATE_COMMAND.test(word)) return "this server keeps no shared state";
  return `unknown command ${formatValue(word.slice(0, 64))}`;
}

function messageFor(error: unknown, command: Command): string {
  if (error instanceof StoreError) return error.message;
  logger.error("cannot execute {command}: {error}", { command: command.name, error });
  return `the server failed at ${command.name}`;
}
