/**
 * Does each call that wakes another isolate while this process has no descriptor left, and prints what
 * became of it. The partner is a worker that waits in its event loop.
 *
 * @module
 */

import {
  failuresAfterCommit,
  Publisher,
  Puller,
  Pusher,
  Replier,
  Requester,
  ShmMessagingBackend,
} from "../../../mod.ts";
import { ShmBackend } from "../../../backends/state/mod.ts";
import { messageOf } from "./without_descriptors_partner.ts";

const [dir] = Deno.args;
const OPTIONS = { dir, codec: "raw", capacityBytes: 1024 } as const;
type Bytes = Uint8Array<ArrayBufferLike>;
const ONE = Uint8Array.of(1);

const library = Deno.dlopen("libc.so.6", {
  setrlimit: { parameters: ["i32", "buffer"], result: "i32" },
});
const RLIMIT_NOFILE = 7;

function useUpDescriptors(): Disposable {
  const files: Deno.FsFile[] = [];
  try {
    while (true) files.push(Deno.openSync("/dev/null"));
  } catch {
    return { [Symbol.dispose]: () => files.forEach((file) => file.close()) };
  }
}

/** A partner that does one thing, and posts when it waits and when it is done. */
class Partner implements Disposable {
  readonly #worker = new Worker(
    new URL("without_descriptors_partner.ts", import.meta.url),
    { type: "module" },
  );
  readonly #posts: unknown[] = [];
  #notify = () => {};

  constructor(role: string, name: string) {
    this.#worker.onmessage = ({ data }) => {
      this.#posts.push(data);
      this.#notify();
    };
    this.#worker.postMessage({ role, name, dir });
  }

  async next(): Promise<unknown> {
    while (this.#posts.length === 0) await new Promise<void>((done) => this.#notify = done);
    return this.#posts.shift();
  }

  [Symbol.dispose](): void {
    this.#worker.terminate();
  }
}

const outcomes: Record<string, string> = {};

/** Runs a call without descriptors. */
async function attempt(
  call: string,
  role: string,
  act: (name: string) => Disposable & { call(): unknown },
): Promise<void> {
  const name = `c${Object.keys(outcomes).length}`;
  using socket = act(name);
  using partner = new Partner(role, name);
  await partner.next();
  let thrown = "";
  {
    using _used = useUpDescriptors();
    try {
      await socket.call();
    } catch (error) {
      thrown = `${error}`;
    }
  }
  outcomes[call] = thrown || JSON.stringify(await partner.next());
}

function around<S extends Disposable>(socket: S, call: (socket: S) => unknown) {
  return { call: () => call(socket), [Symbol.dispose]: () => socket[Symbol.dispose]() };
}

function openPuller(name: string, options: object = {}): Puller<Bytes> {
  return new Puller<Bytes>(name, { ...OPTIONS, ...options });
}

// Deno panics if it has no descriptors for its first listener.
Deno.addSignalListener("SIGTERM", () => {});
new Deno.Command("true").outputSync();
const limits = new BigUint64Array(2).fill(200n);
if (library.symbols.setrlimit(RLIMIT_NOFILE, limits) !== 0) throw new Error("setrlimit failed");

const pusher = (name: string) => new Pusher<Bytes>(name, OPTIONS);
await attempt("send", "pull", (n) => around(pusher(n), (s) => s.send(ONE)));
await attempt("sendSync", "pull", (n) => around(pusher(n), (s) => s.sendSync(ONE)));
await attempt("sendAsync", "pull", (n) => around(pusher(n), (s) => s.sendAsync(ONE)));
await attempt("sendMany", "pull", (n) => around(pusher(n), (s) => s.sendMany([ONE])));
await attempt("loan", "pull", (n) =>
  around(pusher(n), (s) => {
    using loan = s.loan(1)!;
    loan.bytes[0] = 1;
    loan.commit();
  }));
await attempt(
  "publish",
  "subscribe",
  (n) => around(new Publisher<Bytes>(n, OPTIONS), (s) => s.send(ONE)),
);
/** Receives twice: the space of one message need not be enough for the next, which may not wrap. */
async function attemptReceiving(call: string, receive: (puller: Puller<Bytes>) => unknown) {
  await attempt(call, "push", (n) => {
    const puller = openPuller(n);
    return {
      async call() {
        await receive(puller);
        await receive(puller);
      },
      [Symbol.dispose]() {
        puller.drain(); // An empty channel is deleted.
        puller.close();
      },
    };
  });
}

await attemptReceiving("tryRecv", (s) => s.tryRecv()!.length);
await attemptReceiving("tryRecvInto", (s) => s.tryRecvInto(new Uint8Array(1000)));
await attemptReceiving("drain", (s) => s.drain());
await attemptReceiving("recvSync", (s) => s.recvSync());
await attemptReceiving("recvIntoSync", (s) => s.recvIntoSync(new Uint8Array(1000)));
await attemptReceiving("recv", (s) => s.recv());
await attemptReceiving("recvView", (s) => {
  using view = s.recvView()!;
  return view.bytes[0];
});
await attempt(
  "nack",
  "pull",
  (n) => {
    using first = pusher(n);
    const puller = openPuller(n, { ack: true });
    first.send(ONE);
    puller.tryRecv();
    return around(puller, () => puller.close());
  },
);
await attempt(
  "request",
  "reply",
  (n) => around(new Requester<Bytes, Bytes>(n, OPTIONS), (s) => s.send(ONE)),
);
await attempt("reply", "request", (n) =>
  around(new Replier<Bytes, Bytes>(n, OPTIONS), (s) => {
    s.recvSync();
    s.send(ONE);
  }));
{
  const name = `c${Object.keys(outcomes).length}`;
  const backend = new ShmMessagingBackend({ name, dir });
  await backend.connect();
  await attempt("storeMessage", "watch", () => ({
    call: () => backend.storeMessage("n", "t", messageOf()),
    [Symbol.dispose]() {},
  }));
  await backend.cleanup();
}
{
  const name = `c${Object.keys(outcomes).length}`;
  const state = new ShmBackend({ shmName: name, dir });
  const counts: unknown[] = [];
  {
    using _used = useUpDescriptors();
    for (let n = 0; n < 300; n++) {
      try {
        counts.push(state.bufferAppendSync("t", new Uint8Array(10_000)));
        if (n % 100 === 99) state.bufferClearSync();
      } catch (error) {
        counts.push(`${error}`);
      }
    }
  }
  const wrong = counts.filter((index, n) => index !== n % 100);
  outcomes["state"] = JSON.stringify(wrong[0] ?? state.bufferThreadLenSync("t"));
  state.closeSync();
}
outcomes["wakes"] = String(failuresAfterCommit().wake);
console.log(JSON.stringify({ value: outcomes }));
Deno.exit();
