/**
 * The sockets of a case, with the calls that each makes at random.
 *
 * @module
 */

import {
  type ChannelOptions,
  type Delivery,
  type Loan,
  type MessageView,
  Publisher,
  Puller,
  Pusher,
  Replier,
  Requester,
  ShmTimeoutError,
  type Socket,
  Subscriber,
} from "../../../mod.ts";
import type { Random } from "../../support/random.ts";
import type { Stage } from "./case.ts";
import { announcing, checkTopic, TOPIC_SUBSCRIBERS } from "./topics.ts";

/** Patterns by the kind of their channel. */
export type PatternName = "queue" | "broadcast" | "topics" | "request" | "ack";

/** All patterns. */
export const PATTERN_NAMES = ["queue", "broadcast", "topics", "request", "ack"] as const;

/** At how many places a message is stored one after the other: a returned one may move to a block. */
export function placesOf(pattern: PatternName): number {
  return pattern === "ack" ? 2 : 1;
}

/** A call to make. */
export interface Call {
  what: string;
  call: () => unknown;
}

/** A socket and its calls. */
export interface Actor extends Disposable {
  role: string;
  socket: Socket;
  /** Chooses the next call. */
  next(random: Random): Call;
  /** Ends an open loan, view or request. */
  settle(): unknown;
  /** Senders: sends a message and checks whether one of `others` gets it. */
  probe?: (others: Actor[]) => boolean | Promise<boolean>;
  /** Receivers: takes a message. True if there was one. */
  collect?: () => boolean;
}

/** The sockets of a pattern. */
export interface ActorSet {
  first: readonly string[];
  more: readonly string[];
  open(role: string, name: string, options: ChannelOptions, stage: Stage): Actor;
}

/** Longer than any message. */
const target = new Uint8Array(64 * 1024);
const SHORT_WAIT = { timeoutMs: 1 };
const NO_WAIT = { timeoutMs: 0 };

type Sender = Pusher<Uint8Array> | Publisher<Uint8Array>;
type Receiver = Puller<Uint8Array> | Subscriber<Uint8Array>;

class Sending implements Actor {
  readonly role: string;
  readonly socket: Sender;
  readonly #stage: Stage;
  #loan: Loan | undefined;

  constructor(role: string, socket: Sender, stage: Stage) {
    this.role = role;
    this.socket = socket;
    this.#stage = stage;
  }

  #make = () => this.#stage.verifier.make(this.#stage.size());

  next(random: Random): Call {
    const { socket } = this;
    if (this.#loan) return { what: "ends its loan", call: () => this.settle(random.chance(0.7)) };
    const count = random.between(1, 8);
    return random.pick([
      { what: "send", call: () => socket.send(this.#make()) },
      { what: "send", call: () => socket.send(this.#make()) },
      { what: "send", call: () => socket.send(this.#make()) },
      {
        what: `sendMany of ${count}`,
        call: () => socket.sendMany(Array.from({ length: count }, this.#make)),
      },
      { what: "loan", call: () => this.#takeLoan() },
      { what: "sendSync", call: () => socket.sendSync(this.#make(), NO_WAIT) },
      { what: "sendAsync", call: () => socket.sendAsync(this.#make(), NO_WAIT) },
    ]);
  }

  #takeLoan(): void {
    const message = this.#make();
    this.#loan = this.socket.loan(message.length);
    this.#loan?.bytes.set(message);
  }

  settle(isToCommit = true): void {
    // A commit that fails because the channel counts as closed leaves the loan open.
    using loan = this.#loan;
    this.#loan = undefined;
    if (isToCommit) loan?.commit();
  }

  probe(others: Actor[]): boolean {
    for (const other of others) while (other.collect?.()) continue;
    if (!this.socket.send(this.#stage.verifier.make(16))) return false;
    return others.some((other) => other.collect?.());
  }

  [Symbol.dispose](): void {
    this.socket.close();
  }
}

class Receiving implements Actor {
  readonly role: string;
  readonly socket: Receiver;
  readonly #stage: Stage;
  #view: MessageView | undefined;

  constructor(role: string, socket: Receiver, stage: Stage) {
    this.role = role;
    this.socket = socket;
    this.#stage = stage;
  }

  #onMessage = (bytes: Uint8Array | undefined) => {
    if (bytes && this.role in TOPIC_SUBSCRIBERS) checkTopic(this.socket);
    if (bytes) this.#stage.received(bytes);
    return bytes !== undefined;
  };

  next(random: Random): Call {
    const { socket } = this;
    if (this.#view) return { what: "ends its view", call: () => this.settle() };
    return random.pick([
      { what: "tryRecv", call: () => this.#onMessage(socket.tryRecv()) },
      { what: "tryRecv", call: () => this.#onMessage(socket.tryRecv()) },
      { what: "drain", call: () => socket.drain(random.between(1, 10)).forEach(this.#onMessage) },
      { what: "drain all", call: () => socket.drain().forEach(this.#onMessage) },
      { what: "tryRecvInto", call: () => this.#into(socket.tryRecvInto(target)) },
      { what: "recvIntoSync", call: () => this.#into(socket.recvIntoSync(target, NO_WAIT)) },
      { what: "recvView", call: () => this.#viewNext() },
      { what: "recvSync", call: () => this.#onMessage(socket.recvSync(NO_WAIT)) },
      {
        what: "recv",
        call: async () => this.#onMessage(await socket.recv(random.pick([NO_WAIT, SHORT_WAIT]))),
      },
    ]);
  }

  #into(length: number): void {
    if (length >= 0) this.#onMessage(target.slice(0, length));
  }

  #viewNext(): void {
    this.#view = this.socket.recvView();
    if (this.#view?.intact) this.#onMessage(this.#view.bytes.slice());
  }

  settle(): void {
    this.#view?.[Symbol.dispose]();
    this.#view = undefined;
  }

  collect(): boolean {
    return this.#onMessage(this.socket.tryRecv());
  }

  [Symbol.dispose](): void {
    this.socket.close();
  }
}

/** Few, so that a puller reaches its limit. */
const MAX_UNACKED = 6;

class Acknowledging implements Actor {
  readonly role = "acknowledger";
  readonly socket: Puller<Delivery<Uint8Array>>;
  readonly #stage: Stage;
  readonly #unacked: Delivery<Uint8Array>[] = [];

  constructor(name: string, options: ChannelOptions, stage: Stage) {
    this.socket = new Puller<Uint8Array>(name, {
      ...options,
      ack: true,
      maxUnacked: MAX_UNACKED,
    });
    this.#stage = stage;
  }

  #onDelivery = (delivery: Delivery<Uint8Array> | undefined) => {
    if (delivery === undefined) return false;
    this.#unacked.push(delivery);
    this.#stage.received(delivery.value);
    return true;
  };

  next(random: Random): Call {
    const { socket } = this;
    if (this.#unacked.length > 0 && random.chance(0.5)) {
      return random.pick([
        { what: "ack", call: () => this.#unacked.shift()!.ack() },
        { what: "ack of the last", call: () => this.#unacked.pop()!.ack() },
        { what: "nack", call: () => this.#unacked.shift()!.nack() },
      ]);
    }
    return random.pick([
      { what: "tryRecv", call: () => this.#onDelivery(socket.tryRecv()) },
      { what: "tryRecv", call: () => this.#onDelivery(socket.tryRecv()) },
      { what: "drain", call: () => socket.drain(random.between(1, 10)).forEach(this.#onDelivery) },
      { what: "recvSync", call: () => this.#onDelivery(socket.recvSync(NO_WAIT)) },
      {
        what: "recv",
        call: async () => this.#onDelivery(await socket.recv(random.pick([NO_WAIT, SHORT_WAIT]))),
      },
    ]);
  }

  settle(): void {
    while (this.#unacked.length > 0) this.#unacked.shift()!.ack();
  }

  collect(): boolean {
    const isThere = this.#onDelivery(this.socket.tryRecv());
    this.settle();
    return isThere;
  }

  [Symbol.dispose](): void {
    this.socket.close();
  }
}

class Requesting implements Actor {
  readonly role = "requester";
  readonly socket: Requester<Uint8Array, Uint8Array>;
  readonly #stage: Stage;
  readonly #replies: Promise<void>[] = [];
  #unanswered = 0;

  constructor(socket: Requester<Uint8Array, Uint8Array>, stage: Stage) {
    this.socket = socket;
    this.#stage = stage;
  }

  #make = () => this.#stage.verifier.make(this.#stage.size());

  next(random: Random): Call {
    const receive = { what: "recvSync", call: () => this.#receive(0) };
    const send = { what: "send", call: () => this.#send() };
    const request = { what: "request", call: () => this.#request() };
    return random.pick(this.#unanswered > 0 ? [receive, receive, send, request] : [send, request]);
  }

  #send(): void {
    if (this.socket.send(this.#make())) this.#unanswered++;
  }

  #receive(timeoutMs: number): void {
    try {
      const reply = this.socket.recvSync({ timeoutMs });
      this.#unanswered--;
      this.#stage.received(reply);
    } catch (error) {
      if (!(error instanceof ShmTimeoutError)) this.#unanswered--;
      throw error;
    }
  }

  #request(): void {
    if (this.#replies.length > 2) return;
    const reply = this.socket.request(this.#make(), { timeoutMs: 20 });
    const done = this.#stage.attemptAsync("a request", async () => {
      this.#stage.received(await reply);
    });
    this.#replies.push(done);
    done.catch(() => {});
  }

  async settle(): Promise<void> {
    await Promise.all(this.#replies);
  }

  /** All requests in flight must end with a reply or an error. */
  probe(others: Actor[]): boolean {
    const before = this.#unanswered;
    this.#send();
    if (this.#unanswered === before) return false;
    while (this.#unanswered > 0) {
      for (const other of others) while (other.collect?.()) continue;
      this.#receive(300);
    }
    return true;
  }

  [Symbol.dispose](): void {
    this.socket.close();
  }
}

class Replying implements Actor {
  readonly role = "replier";
  readonly socket: Replier<Uint8Array, Uint8Array>;
  readonly #stage: Stage;
  #hasOpenRequest = false;

  constructor(socket: Replier<Uint8Array, Uint8Array>, stage: Stage) {
    this.socket = socket;
    this.#stage = stage;
  }

  next(random: Random): Call {
    if (this.#hasOpenRequest) return { what: "send", call: () => this.#reply() };
    return random.pick([
      { what: "tryRecv", call: () => this.#receive(() => this.socket.tryRecv()) },
      { what: "tryRecv", call: () => this.#receive(() => this.socket.tryRecv()) },
      { what: "recvSync", call: () => this.#receive(() => this.socket.recvSync(NO_WAIT)) },
    ]);
  }

  #receive(receive: () => Uint8Array | undefined): boolean {
    const request = receive();
    if (request === undefined) return false;
    this.#hasOpenRequest = true;
    this.#stage.received(request);
    return true;
  }

  #reply(): void {
    this.socket.send(this.#stage.verifier.make(this.#stage.size()));
    this.#hasOpenRequest = false;
  }

  settle(): void {
    if (this.#hasOpenRequest) this.#reply();
  }

  collect(): boolean {
    this.settle();
    if (!this.#receive(() => this.socket.tryRecv())) return false;
    this.#reply();
    return true;
  }

  [Symbol.dispose](): void {
    this.socket.close();
  }
}

/** The sockets of each pattern. */
export const ACTORS: Record<PatternName, ActorSet> = {
  queue: {
    first: ["pusher", "puller"],
    more: ["pusher", "puller"],
    open: (role, name, options, stage) =>
      role === "pusher"
        ? new Sending(role, new Pusher(name, options), stage)
        : new Receiving(role, new Puller(name, options), stage),
  },
  broadcast: {
    first: ["publisher", "subscriber"],
    more: ["publisher", "subscriber"],
    open: (role, name, options, stage) =>
      role === "publisher"
        ? new Sending(role, new Publisher(name, options), stage)
        : new Receiving(role, new Subscriber(name, options), stage),
  },
  topics: {
    first: ["announcer", "chooser", "subscriber"],
    more: ["announcer", "chooser", "newest", "subscriber", "publisher"],
    open: (role, name, options, stage) => {
      if (role === "announcer") {
        const publisher = announcing(new Publisher<Uint8Array>(name, options), stage.random);
        return new Sending(role, publisher, stage);
      }
      const topics = TOPIC_SUBSCRIBERS[role];
      return topics === undefined
        ? ACTORS.broadcast.open(role, name, options, stage)
        : new Receiving(role, new Subscriber(name, { ...options, ...topics }), stage);
    },
  },
  request: {
    first: ["requester", "replier"],
    more: ["requester", "replier"],
    open: (role, name, options, stage) =>
      role === "requester"
        ? new Requesting(new Requester(name, options), stage)
        : new Replying(new Replier(name, options), stage),
  },
  ack: {
    first: ["pusher", "acknowledger"],
    more: ["pusher", "acknowledger", "acknowledger", "puller"],
    open: (role, name, options, stage) =>
      role === "acknowledger"
        ? new Acknowledging(name, options, stage)
        : ACTORS.queue.open(role, name, options, stage),
  },
};
