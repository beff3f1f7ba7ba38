/**
 * What a peer - a child process or a worker - does on command. Messages of `sendRange` are
 * `{ p: producer, n: number }`; the message `"stop"` ends a receiving loop.
 *
 * @module
 */

import {
  type ChannelOptions,
  type Delivery,
  Latest,
  type LatestOptions,
  type Loan,
  type LocalHandle,
  Publisher,
  type PublisherOptions,
  Puller,
  Pusher,
  type ReceivingSocket,
  Replier,
  Requester,
  type Role,
  type SendingSocket,
  Signal,
  type SignalOptions,
  type Socket,
  Subscriber,
  type SubscriberOptions,
} from "../../../mod.ts";
import { poll, pollSync } from "../../../lib/events/mod.ts";
import { attachAndDetach, receiveInOrder } from "./order_report.ts";
import { type ReceiveCall, replay } from "./replay.ts";

/** Ways to receive. */
export type ReceiveMode = "try" | "sync" | "async" | "iterate" | "drain" | "into" | "view";
/** Ways to send. */
export type SendMode = "try" | "sync" | "async" | "many";
/** Ways to request. */
export type RequestMode = "sync" | "async" | "burst" | "two-step";
/** Ways to reply. */
export type ReplyMode = "serve" | "sync" | "async";

/** Ways out of a process. */
export type ExitMode =
  | "close"
  | "exit"
  | "error"
  | "rejection"
  | "self.close"
  | "handled error"
  | "handled rejection";

/** What a puller that acknowledges does with what it received. */
export type Settling = "ack" | "nack" | "keep";

/** A command. */
export type Command =
  | {
    do: "open";
    id: string;
    role: SocketRole;
    target: string | LocalHandle;
    options?:
      | (PublisherOptions & SubscriberOptions & { ack?: boolean; maxUnacked?: number })
      | undefined;
  }
  | {
    do: "send";
    id: string;
    values: unknown[];
    mode?: SendMode;
    timeoutMs?: number;
    /** The topic of all of them, from a publisher. */
    topic?: string;
  }
  | { do: "sendBytes"; id: string; sizes: number[] }
  | {
    do: "sendRange";
    id: string;
    producer: number;
    count: number;
    mode?: SendMode;
    /** Messages between two pauses of a millisecond. */
    perPause?: number | undefined;
  }
  | {
    do: "receive";
    id: string;
    mode: ReceiveMode;
    /** Messages to receive. Default: until "stop" arrives. */
    count?: number;
    timeoutMs?: number;
    /** Milliseconds of work after each message. */
    workMs?: number;
    /** Returns the number of messages only. */
    isCounted?: boolean;
  }
  | { do: "replay"; id: string; plan: ReceiveCall[]; last: number; timeoutMs: number }
  | { do: "request"; id: string; values: readonly unknown[]; mode: RequestMode; timeoutMs?: number }
  | { do: "reply"; id: string; mode: ReplyMode; name: string }
  | { do: "serveStream"; id: string }
  | { do: "stream"; id: string; request: unknown; count: number; window?: number }
  | { do: "takeRequest"; id: string }
  | { do: "pull"; id: string; count: number; settle: Settling }
  | { do: "hold"; id: string }
  | { do: "lend"; id: string; byteLength: number }
  | { do: "commit"; id: string }
  | { do: "statistics"; id: string }
  | { do: "close"; id?: string }
  | { do: "churn"; target: string; options?: ChannelOptions; cycles: number; messages: number }
  | { do: "census"; id: string; producers: number; timeoutMs: number }
  | { do: "comeAndGo"; cycles: number; seed: number; options: ChannelOptions }
  | { do: "listenIdle"; prefix: string; count: number; options?: ChannelOptions }
  | { do: "spin"; id: string; call: "tryRecv" | "recvSync" | "send" }
  | { do: "leave"; way: ExitMode }
  | {
    do: "latest";
    target: string | LocalHandle;
    options?: LatestOptions | undefined;
    call: "set" | "get" | "add" | "delete";
    key: string;
    value?: unknown;
    /** How often `add` adds 1. */
    count?: number;
  }
  | {
    do: "notify";
    target: string | LocalHandle;
    options?: SignalOptions | undefined;
    ids: number[];
  }
  | {
    do: "awaitIds";
    target: string | LocalHandle;
    options?: SignalOptions | undefined;
    ids: number[];
    mode: "sync" | "async";
  }
  | { do: "poll"; ids: string[]; mode: "sync" | "async" };

/** Reports to the tests while a command is carried out. */
export type Notify = (event: string) => void;

const sockets = new Map<string, Socket>();
/** Open loans by their sockets' ids. */
const loans = new Map<string, Loan>();

function find<S extends Socket>(id: string): S {
  const socket = sockets.get(id);
  if (!socket) throw new Error(`no socket ${id} is open`);
  return socket as S;
}

/** Carries a command out. */
export async function perform(command: Command, notify: Notify): Promise<unknown> {
  switch (command.do) {
    case "open":
      return open(command);
    case "send":
      return await send(find<SendingSocket<unknown>>(command.id), command.values, command);
    case "sendBytes":
      return sendBytes(find<SendingSocket<unknown>>(command.id), command.sizes);
    case "sendRange":
      notify("started");
      return await sendRange(find<SendingSocket<unknown>>(command.id), command);
    case "receive":
      notify("started");
      return await receive(find<ReceivingSocket<unknown>>(command.id), command);
    case "replay":
      notify("started");
      return await replay(find(command.id), command.plan, command.last, command.timeoutMs);
    case "request":
      notify("started");
      return await request(find<Requester>(command.id), command);
    case "reply":
      notify("started");
      return await reply(find<Replier>(command.id), command);
    case "serveStream":
      return serveStream(find<Replier<number, number>>(command.id));
    case "stream":
      notify("started");
      return await stream(find<Requester>(command.id), command);
    case "takeRequest":
      notify("started");
      return find<Replier>(command.id).recvSync({ timeoutMs: 20_000 });
    case "pull":
      notify("started");
      return pull(find(command.id), command);
    case "hold":
      return find<ReceivingSocket<unknown>>(command.id).recvView()?.bytes.length;
    case "lend":
      return holdLoan(command);
    case "commit":
      return loans.get(command.id)!.commit();
    case "statistics":
      return find(command.id).statistics();
    case "close":
      return close(command.id);
    case "churn":
      return churn(command);
    case "census":
      notify("started");
      return receiveInOrder(find(command.id), command.producers, command.timeoutMs);
    case "comeAndGo":
      notify("started");
      return attachAndDetach(command.cycles, command.seed, command.options);
    case "listenIdle":
      return listenIdle(command);
    case "spin":
      notify("started");
      return spin(command.id, command.call);
    case "leave":
      return exitBy(command.way);
    case "latest":
      return useLatest(command);
    case "notify":
      notify("started");
      return notifyAll(signalOf(command), command.ids);
    case "poll":
      notify("started");
      return await pollSockets(command.ids, command.mode);
    case "awaitIds":
      signalOf(command);
      notify("started");
      return await awaitIds(signalOf(command), command.ids, command.mode);
  }
}

/** Waits for sockets; returns the ids of those that have something, with what they have. */
async function pollSockets(ids: string[], mode: "sync" | "async"): Promise<[string, string][]> {
  const polled = ids.map((id) => find<ReceivingSocket<unknown>>(id));
  const events = mode === "sync" ? pollSync(polled) : await poll(polled);
  return events.map(({ source, kind }) => [ids[polled.indexOf(source)], kind]);
}

const signals = new Map<string, Signal>();

/** A signal, which stays open. */
function signalOf({ target, options }: Extract<Command, { do: "notify" | "awaitIds" }>): Signal {
  const name = typeof target === "string" ? target : target.name;
  const signal = signals.get(name) ?? new Signal(target, options);
  signals.set(name, signal);
  return signal;
}

function notifyAll(signal: Signal, ids: number[]): void {
  for (const id of ids) signal.notify(id);
}

/** Waits until each id was notified once more. */
async function awaitIds(signal: Signal, ids: number[], mode: "sync" | "async"): Promise<number[]> {
  const missing = new Set(ids);
  while (missing.size > 0) {
    const notified = mode === "sync" ? signal.waitSync() : await signal.wait();
    for (const id of notified) missing.delete(id);
  }
  return ids;
}

const latestValues = new Map<string, Latest>();

/** Calls a method of latest values, which stay open. */
function useLatest(command: Extract<Command, { do: "latest" }>): unknown {
  const { target, options, key, value, count = 1 } = command;
  const name = typeof target === "string" ? target : target.name;
  const latest = latestValues.get(name) ?? new Latest(target, options);
  latestValues.set(name, latest);
  switch (command.call) {
    case "set":
      return latest.set(key, value);
    case "get":
      return latest.get(key);
    case "delete":
      return latest.delete(key);
    case "add":
      for (let i = 0; i < count; i++) latest.update(key, (n) => (n as number ?? 0) + 1);
      return latest.get(key);
  }
}

/** What a socket does on its channel. */
export type SocketRole = Exclude<Role, "member">;

type SocketClass = new (target: string | LocalHandle, options?: ChannelOptions) => Socket;

const CLASSES: Record<SocketRole, SocketClass> = {
  publisher: Publisher,
  subscriber: Subscriber,
  pusher: Pusher,
  puller: Puller,
  requester: Requester,
  replier: Replier,
};

function open(command: Extract<Command, { do: "open" }>): number {
  const socket = new CLASSES[command.role](command.target, command.options);
  sockets.set(command.id, socket);
  return socket.capacityBytes;
}

function close(id: string | undefined): void {
  for (const key of id === undefined ? [...sockets.keys()] : [id]) {
    find(key).close();
    sockets.delete(key);
  }
}

async function send(
  socket: SendingSocket<unknown>,
  values: unknown[],
  { mode = "try", timeoutMs = 20_000, topic }: {
    mode?: SendMode;
    timeoutMs?: number;
    topic?: string;
  },
): Promise<number> {
  if (topic !== undefined) return (socket as Publisher).sendMany(values, { topic });
  if (mode === "many") return socket.sendMany(values);
  let accepted = 0;
  for (const value of values) {
    if (mode === "sync") socket.sendSync(value, { timeoutMs });
    else if (mode === "async") await socket.sendAsync(value, { timeoutMs });
    else if (!socket.send(value)) return accepted;
    accepted++;
  }
  return accepted;
}

/** Takes a loan and fills it with its length. */
function holdLoan({ id, byteLength }: Extract<Command, { do: "lend" }>): void {
  const loan = find<SendingSocket<unknown>>(id).loan(byteLength)!;
  loan.bytes.fill(byteLength);
  loans.set(id, loan);
}

/** Returns what was received (of bytes their number), each with the number of its deliveries. */
function pull(
  puller: Puller<Delivery<unknown>>,
  { count, settle }: Extract<Command, { do: "pull" }>,
): [value: unknown, deliveries: number][] {
  return Array.from({ length: count }, () => {
    const message = puller.recvSync({ timeoutMs: 20_000 });
    if (settle !== "keep") message[settle]();
    const { value } = message;
    return [value instanceof Uint8Array ? value.length : value, message.deliveries];
  });
}

function sendBytes(socket: SendingSocket<unknown>, sizes: number[]): number {
  let accepted = 0;
  for (const size of sizes) accepted += Number(socket.send(new Uint8Array(size).fill(size)));
  return accepted;
}

async function sendRange(
  socket: SendingSocket<unknown>,
  command: Extract<Command, { do: "sendRange" }>,
): Promise<number> {
  const { producer, count, perPause = Infinity } = command;
  let accepted = 0;
  for (let n = 0; n < count;) {
    const values = [];
    while (values.length < Math.min(perPause, 1000) && n < count) {
      values.push({ p: producer, n: n++ });
    }
    accepted += await send(socket, values, command);
    if (perPause !== Infinity) await new Promise((resolve) => setTimeout(resolve, 1));
  }
  return accepted;
}

async function receive(
  socket: ReceivingSocket<unknown>,
  command: Extract<Command, { do: "receive" }>,
): Promise<unknown[] | number> {
  const { count = Infinity, workMs = 0, isCounted = false } = command;
  const values: unknown[] = [];
  let received = 0;
  if (count === 0) return values;
  for await (const value of incoming(socket, command)) {
    if (value === "stop") break;
    if (!isCounted) values.push(value);
    if (workMs > 0) work(workMs);
    if (++received >= count) break;
  }
  return isCounted ? received : values;
}

const never = new Int32Array(new SharedArrayBuffer(4));

/** Work keeps the thread busy without keeping a core busy. */
function work(ms: number): void {
  Atomics.wait(never, 0, 0, ms);
}

async function* incoming(
  socket: ReceivingSocket<unknown>,
  { mode, timeoutMs = 20_000, count = Infinity }: Extract<Command, { do: "receive" }>,
): AsyncIterable<unknown> {
  if (mode === "iterate") return yield* socket;
  const deadline = performance.now() + timeoutMs;
  const target = new Uint8Array(1 << 16);
  let received = 0;
  while (performance.now() < deadline) {
    if (mode === "sync") yield socket.recvSync({ timeoutMs });
    else if (mode === "async") yield await socket.recv({ timeoutMs });
    else if (mode === "into") {
      yield [...target.subarray(0, socket.recvIntoSync(target, { timeoutMs }))];
    } else if (mode === "view") {
      using view = socket.recvView();
      if (view) yield [...view.bytes];
    } else if (mode === "drain") {
      for (const value of socket.drain(count - received)) {
        received++;
        yield value;
      }
    } else {
      const value = socket.tryRecv();
      if (value !== undefined) yield value;
    }
  }
  throw new Error(`the end of the messages did not arrive within ${timeoutMs} ms`);
}

async function request(
  requester: Requester,
  { values, mode, timeoutMs = 20_000 }: Extract<Command, { do: "request" }>,
): Promise<unknown[]> {
  if (mode === "burst") {
    return await Promise.all(values.map((value) => requester.request(value, { timeoutMs })));
  }
  const replies: unknown[] = [];
  for (const value of values) {
    if (mode === "sync") replies.push(requester.requestSync(value, { timeoutMs }));
    else if (mode === "async") replies.push(await requester.request(value, { timeoutMs }));
    else {
      requester.send(value);
      replies.push(await requester.recv({ timeoutMs }));
    }
  }
  return replies;
}

/** Streams the numbers below each request, until the process ends. */
function serveStream(replier: Replier<number, number>): void {
  void replier.serveStream(function* (count) {
    for (let n = 0; n < count; n++) yield n;
    return count;
  });
}

/** Returns the first parts of a stream, which stays open unless it has ended. */
async function stream(
  requester: Requester,
  { request, count, window = 16 }: Extract<Command, { do: "stream" }>,
): Promise<unknown[]> {
  const parts = requester.stream(request, { window, timeoutMs: 20_000 });
  const values: unknown[] = [];
  while (values.length < count) {
    const { done, value } = await parts.next();
    if (done) break;
    values.push(value);
  }
  return values;
}

/** Replies with `{ by: name, of: request }` until the request "stop"; returns the number of replies. */
async function reply(
  replier: Replier,
  { mode, name }: Extract<Command, { do: "reply" }>,
): Promise<number> {
  let replied = 0;
  if (mode === "serve") {
    const end = new AbortController();
    await replier.serve((of) => {
      if (of === "stop") end.abort();
      else replied++;
      if (of === "fail") throw new RangeError("no such thing");
      return { by: name, of };
    }, { signal: end.signal });
    return replied;
  }
  while (true) {
    const of = mode === "sync"
      ? replier.recvSync({ timeoutMs: 20_000 })
      : await replier.recv({ timeoutMs: 20_000 });
    replier.send({ by: name, of });
    if (of === "stop") return replied;
    replied++;
  }
}

/** Opens, uses and closes a channel again and again. */
function churn(
  { target, options, cycles, messages }: Extract<Command, { do: "churn" }>,
): number {
  let received = 0;
  for (let cycle = 0; cycle < cycles; cycle++) {
    using pusher = new Pusher<unknown>(target, options);
    using puller = new Puller<unknown>(target, options);
    for (let n = 0; n < messages; n++) {
      pusher.sendSync(n, { timeoutMs: 1000 });
      if (puller.recvSync({ timeoutMs: 1000 }) === n) received++;
    }
  }
  (globalThis as { gc?: () => void }).gc?.();
  return received;
}

/** Waits on many channels at once, for ever. */
function listenIdle(
  { prefix, count, options }: Extract<Command, { do: "listenIdle" }>,
): void {
  for (let i = 0; i < count; i++) {
    const subscriber = new Subscriber(`${prefix}${i}`, options);
    sockets.set(`${prefix}${i}`, subscriber);
    subscriber.recv().catch(() => {});
  }
}

/** Never returns to the event loop. */
function spin(id: string, call: "tryRecv" | "recvSync" | "send"): never {
  const socket = find<ReceivingSocket<unknown> & SendingSocket<unknown>>(id);
  while (true) {
    if (call === "tryRecv") socket.tryRecv();
    else if (call === "recvSync") socket.recvSync();
    else socket.send("spinning");
  }
}

function exitBy(mode: ExitMode): void {
  if (mode === "close") close(undefined);
  else if (mode === "exit") Deno.exit(3);
  else if (mode === "self.close") globalThis.close();
  else if (mode === "error") setTimeout(throwBoom);
  else if (mode === "rejection") Promise.reject(new Error("boom"));
  else {
    const kind = mode === "handled error" ? "error" : "unhandledrejection";
    addEventListener(kind, (event) => event.preventDefault());
    // Listeners see an event in the order in which they were added: this one is before Ringbus's.
    sockets.set("witness", new Subscriber("witness"));
    if (kind === "error") setTimeout(throwBoom);
    else Promise.reject(new Error("boom"));
  }
}

function throwBoom(): never {
  throw new Error("boom");
}
