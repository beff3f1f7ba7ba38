// The headers of an operation travel with its message, whatever carries it: also with an instrumentation that
// keeps no active context.

import assert from "node:assert/strict";
import {
  InMemoryMessagingBackend,
  LocalChannel,
  Puller,
  Pusher,
  Replier,
  Requester,
  ShmMessagingBackend,
  Store,
} from "../../mod.ts";
import { SharedMemoryMessagingBackend, SharedMemoryServer } from "../../backends/http/mod.ts";
import { EmbeddedMessagingBackend, EmbeddedServer } from "../../backends/tcp/mod.ts";
import type { ContextHeaders } from "../../lib/base/context_headers.ts";
import type {
  Instrumentation,
  MessageOperation,
  MessageOrigin,
  OngoingOperation,
} from "../../lib/base/instrumentation.ts";
import { within } from "../support/deadline.ts";
import { TestDirectory } from "./channel/directory.ts";

/** Gives each operation headers of its own, and notes those of what is received. */
class NumberedInstrumentation implements Instrumentation {
  readonly #first: number;
  #begun = 0;
  /** Headers by the name of the operation. */
  readonly begun: Record<string, ContextHeaders> = {};
  readonly received_: (ContextHeaders | undefined)[] = [];

  constructor(first: number) {
    this.#first = first;
  }

  begin({ name }: MessageOperation): OngoingOperation {
    const span = String(this.#first + ++this.#begun).padStart(16, "0");
    const headers = {
      traceparent: `00-0af7651916cd43dd8448eb211c80319c-${span}-01`,
      baggage: `n=${span}`,
    };
    this.begun[name] = headers;
    return { headers, run: (call) => call(), end() {}, fail() {} };
  }

  received(_value: object, { headers }: MessageOrigin): void {
    this.received_.push(headers);
  }

  callHeaders(): ContextHeaders | undefined {
    return undefined;
  }
}

type Backend = InMemoryMessagingBackend | EmbeddedMessagingBackend;
type Make = (instrumentation: Instrumentation) => Backend;

const CARRIERS: Record<string, (scope: AsyncDisposableStack) => Promise<Make> | Make> = {
  memory() {
    const store = new Store();
    return (instrumentation) => new InMemoryMessagingBackend({ store, instrumentation });
  },
  async http(scope) {
    const serverUrl = await scope.use(new SharedMemoryServer()).start();
    return (instrumentation) =>
      new SharedMemoryMessagingBackend({ serverUrl, instrumentation }) as unknown as Backend;
  },
  async tcp(scope) {
    const port = await scope.use(new EmbeddedServer({ port: 0 })).start();
    return (instrumentation) =>
      new EmbeddedMessagingBackend({ port, autoStartServer: false, instrumentation });
  },
  shm(scope) {
    const { path: dir } = scope.use(new TestDirectory());
    return (instrumentation) =>
      new ShmMessagingBackend({ name: "n", dir, instrumentation }) as unknown as Backend;
  },
};

for (const [carrier, open] of Object.entries(CARRIERS)) {
  Deno.test(`context: what ${carrier} publishes carries the headers of the operation`, async () => {
    await using scope = new AsyncDisposableStack();
    const make = await open(scope);
    const [sending, receiving] = [
      new NumberedInstrumentation(100),
      new NumberedInstrumentation(500),
    ];
    await using publisher = make(sending);
    await using subscriber = make(receiving);
    const { promise, resolve } = Promise.withResolvers<ContextHeaders | undefined>();
    await subscriber.subscribe("c", () => {}, { onPublished: ({ headers }) => resolve(headers) });
    await publisher.publish("c", "value");
    const headers = await within(promise, "the published value");
    assert.deepEqual({ ...headers }, sending.begun["publish"]);
  });
}

Deno.test("context: a loan carries the headers of the operation", () => {
  const [sending, receiving] = [new NumberedInstrumentation(100), new NumberedInstrumentation(500)];
  using channel = LocalChannel.create();
  using pusher = new Pusher<Uint8Array>(channel.handle, { codec: "raw", instrumentation: sending });
  using puller = new Puller<Uint8Array>(channel.handle, {
    codec: "raw",
    instrumentation: receiving,
  });
  const loan = pusher.loan(8)!;
  loan.commit();
  puller.tryRecv();
  assert.deepEqual(receiving.received_.map((each) => ({ ...each })), [sending.begun["send"]]);
});

Deno.test("context: a reply carries the headers of the operation", async () => {
  const [asking, replying] = [new NumberedInstrumentation(100), new NumberedInstrumentation(500)];
  using channel = LocalChannel.create();
  using requester = new Requester<object, object>(channel.handle, { instrumentation: asking });
  using replier = new Replier<object, object>(channel.handle, { instrumentation: replying });
  const first = requester.request({ n: 1 });
  await replier.recv();
  replier.send({ n: 2 });
  await first;
  const stopping = new AbortController();
  const serving = replier.serve(({ ...request }) => request, { signal: stopping.signal });
  await requester.request({ n: 3 });
  stopping.abort();
  await serving.catch(() => {});
  assert.deepEqual(asking.received_.map((each) => ({ ...each })), [
    replying.begun["reply"],
    replying.begun["process"],
  ]);
});
