// What the suite needs from a messaging backend: it opens several backends on one state, lets time pass,
// and opens a backend in another process.

import {
  GemstoneGenerator,
  Message,
  type MessageHandler,
  type MessageInit,
  type MessagingBackend,
  type MessagingBackendOptions,
  type RedisLikeBackend,
} from "../../../mod.ts";
import { within } from "../../support/deadline.ts";
import { Program } from "../../support/program.ts";
import type { Pass, WaitingTests } from "../../support/waiting_tests.ts";

/** Groups of the methods that resemble commands of Redis. */
export type RedisLikeGroup = "keys" | "publish" | "patterns";

/** One kind of backend. */
export interface MessagingTransport {
  /** Part of the names of the tests. */
  readonly name: string;
  /** The groups of methods that the backend has. */
  readonly redisLike: readonly RedisLikeGroup[];
  /** True if other processes can attach: then a state has `remote`. */
  readonly spansProcesses: boolean;
  /** Creates an empty state. */
  open(): Promise<MessagingState>;
  /** Takes the tests that let time pass, if time is real. */
  readonly waiting?: WaitingTests;
}

/** State that backends share. It is disposed after all of them are closed. */
export interface MessagingState extends AsyncDisposable {
  /** Attaches one more backend. The suite closes it. */
  backend(options: MessagingBackendOptions): MessagingBackend;
  /** Lets time pass for the store: advances its clock, or waits. */
  advance(ms: number): Promise<void>;
  /** How another process makes a backend. */
  readonly remote?: RemoteBackend;
}

/** How to make a backend in another process. */
export interface RemoteBackend {
  /** URL of the module. */
  readonly module: string;
  /** Name of the class. */
  readonly className: string;
  /** Options of the constructor, as JSON. */
  readonly config: unknown;
}

/** The backends and the clock of a test. */
export interface Scene {
  /** Opens one more backend on the state of the test. */
  backend(options?: MessagingBackendOptions): MessagingBackend & RedisLikeBackend;
  advance(ms: number): Promise<void>;
  /** Writes messages from another process. Resolves when they are stored. */
  writeElsewhere(job: WriterJob): Promise<void>;
}

/** The task of a writer in another process. */
export interface WriterJob {
  topic: string;
  machineId: number;
  count: number;
}

/** Registers a test with a state of its own. Its backends are closed also when the test fails. */
export function testOn(
  transport: MessagingTransport,
  behaviour: string,
  test: (scene: Scene) => Promise<void>,
): void {
  Deno.test(`${transport.name}: ${behaviour}`, () => run(transport, test));
}

/** As `testOn`, for a test that lets time pass. */
export function testWaitingOn(
  transport: MessagingTransport,
  behaviour: string,
  test: (scene: Scene) => Promise<void>,
): void {
  if (transport.waiting === undefined) testOn(transport, behaviour, test);
  else transport.waiting.add(behaviour, (pass) => run(transport, test, pass));
}

async function run(
  transport: MessagingTransport,
  test: (scene: Scene) => Promise<void>,
  pass?: Pass,
): Promise<void> {
  await using state = await transport.open();
  await using opened = new AsyncDisposableStack();
  await test({
    backend: (options = {}) =>
      opened.use(state.backend(options)) as MessagingBackend & RedisLikeBackend,
    advance: pass ?? ((ms) => state.advance(ms)),
    writeElsewhere: (job) => runWriter(state.remote!, job),
  });
}

async function runWriter(remote: RemoteBackend, job: WriterJob): Promise<void> {
  const order = JSON.stringify({ ...remote, ...job });
  await using writer = new Program(["-A", "tests/support/programs/messaging_writer.ts", order]);
  await writer.lines();
}

const generator = new GemstoneGenerator(250);

/** A message, by default with the next id. */
export function makeMessage(fields: Partial<MessageInit> = {}): Message {
  return new Message({
    ...fields.id === undefined ? { idObj: generator.getId() } : {},
    sender: { id: "tester", name: "Tester" },
    topics: "t",
    payload: {},
    ...fields,
  });
}

/** A message with a number. */
export function numbered(n: number): Message {
  return makeMessage({ payload: { n } });
}

/** The numbers of messages. */
export function numbersOf(messages: readonly Message[]): unknown[] {
  return messages.map(({ payload }) => payload["n"]);
}

/** The ids of messages. */
export function idsOf(messages: readonly Message[]): bigint[] {
  return messages.map(({ id }) => id);
}

/** A handler that collects messages. */
export class MessageCollector {
  readonly messages: Message[] = [];
  #wake: () => void = () => {};

  /** The handler. */
  readonly handler: MessageHandler = (message) => {
    this.messages.push(message);
    this.#wake();
  };

  /** Waits until there are `count` messages. */
  async has(count: number): Promise<Message[]> {
    while (this.messages.length < count) {
      const woken = new Promise<void>((resolve) => this.#wake = resolve);
      await within(woken, `message ${this.messages.length + 1} of ${count}`);
    }
    return this.messages;
  }
}
