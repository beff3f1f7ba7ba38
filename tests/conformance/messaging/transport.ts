// What the suite needs of a messaging backend: a way to open several on one state, time that passes,
// and a way to open one in another process.

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

/** Groups of the methods that are like those of Redis. */
export type RedisLikeGroup = "keys" | "publish" | "patterns";

/** One kind of backend. */
export interface MessagingTransport {
  /** Stands in the names of the tests. */
  readonly name: string;
  /** Which of the methods that are like those of Redis it has. */
  readonly redisLike: readonly RedisLikeGroup[];
  /** True if other processes can attach: `open` then gives `remote`. */
  readonly spansProcesses: boolean;
  /** An empty state of its own. */
  open(): Promise<MessagingState>;
}

/** State that backends share; disposing it comes after all of them are closed. */
export interface MessagingState extends AsyncDisposable {
  /** Attaches one more backend. The suite closes it. */
  backend(options: MessagingBackendOptions): MessagingBackend;
  /** Lets time pass for the store: by its clock if that can be stepped, else really. */
  advance(ms: number): Promise<void>;
  /** How another process attaches. */
  readonly remote?: RemoteBackend;
}

/** How to make a backend in another process. */
export interface RemoteBackend {
  /** URL of the module. */
  readonly module: string;
  /** Its class, made with `config` alone. */
  readonly className: string;
  /** JSON. */
  readonly config: unknown;
}

/** What a test works with. */
export interface Scene {
  /** One more backend on the state of this test, with all methods that the carrier has. */
  backend(options?: MessagingBackendOptions): MessagingBackend & RedisLikeBackend;
  advance(ms: number): Promise<void>;
  /** Writes messages from a process of its own; fulfilled once they are stored. */
  writeElsewhere(job: WriterJob): Promise<void>;
}

/** What a writer in another process does. */
export interface WriterJob {
  topic: string;
  machineId: number;
  count: number;
}

/** Registers a test that gets a state of its own, and closes what it opened whatever happens. */
export function testOn(
  transport: MessagingTransport,
  behaviour: string,
  test: (scene: Scene) => Promise<void>,
): void {
  Deno.test(`${transport.name}: ${behaviour}`, async () => {
    await using state = await transport.open();
    await using opened = new AsyncDisposableStack();
    await test({
      backend: (options = {}) =>
        opened.use(state.backend(options)) as MessagingBackend & RedisLikeBackend,
      advance: (ms) => state.advance(ms),
      writeElsewhere: (job) => runWriter(state.remote!, job),
    });
  });
}

async function runWriter(remote: RemoteBackend, job: WriterJob): Promise<void> {
  const order = JSON.stringify({ ...remote, ...job });
  await using writer = new Program(["-A", "tests/support/programs/messaging_writer.ts", order]);
  await writer.lines();
}

const generator = new GemstoneGenerator(250);

/** A new message, by default with the next id. */
export function makeMessage(fields: Partial<MessageInit> = {}): Message {
  return new Message({
    ...fields.id === undefined ? { idObj: generator.getId() } : {},
    sender: { id: "tester", name: "Tester" },
    topics: "t",
    payload: {},
    ...fields,
  });
}

/** A message with a number to tell it by. */
export function numbered(n: number): Message {
  return makeMessage({ payload: { n } });
}

/** The numbers of messages. */
export function numbersOf(messages: readonly Message[]): unknown[] {
  return messages.map(({ payload }) => payload.n);
}

/** The ids of messages. */
export function idsOf(messages: readonly Message[]): bigint[] {
  return messages.map(({ id }) => id);
}

/** A handler that keeps what it gets. */
export class Inbox {
  readonly messages: Message[] = [];
  #wake: () => void = () => {};

  /** The handler. */
  readonly handler: MessageHandler = (message) => {
    this.messages.push(message);
    this.#wake();
  };

  /** Waits until there are so many messages. */
  async has(count: number): Promise<Message[]> {
    while (this.messages.length < count) {
      const woken = new Promise<void>((resolve) => this.#wake = resolve);
      await within(woken, `message ${this.messages.length + 1} of ${count}`);
    }
    return this.messages;
  }
}
