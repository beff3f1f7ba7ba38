// Channels for tests: the same test runs on shared memory between workers and on a named segment.

import {
  type AckPullerOptions,
  type ChannelOptions,
  type Delivery,
  LocalChannel,
  type LocalHandle,
  Publisher,
  type PublisherOptions,
  Puller,
  Pusher,
  type ReceiverOptions,
  Replier,
  Requester,
  type Socket,
  Subscriber,
  type SubscriberOptions,
} from "../../../mod.ts";
import { readTotals, type Totals } from "./header.ts";
import { TestDirectory } from "./directory.ts";

/** One channel, and the sockets that a test opens on it. */
export class TestChannel implements Disposable {
  readonly target: string | LocalHandle;
  readonly #options: ChannelOptions;
  readonly #bytes: () => Uint8Array;
  readonly #dispose: () => void;
  readonly #sockets: Socket[] = [];
  /** Sockets that return messages when they close. */
  readonly #holders: Socket[] = [];
  /** How to attach to the queue, if it is one. */
  #queue: ChannelOptions | undefined;

  constructor(
    target: string | LocalHandle,
    options: ChannelOptions,
    bytes: () => Uint8Array,
    dispose: () => void,
  ) {
    this.target = target;
    this.#options = options;
    this.#bytes = bytes;
    this.#dispose = dispose;
  }

  publisher<T = unknown>(options: PublisherOptions = {}): Publisher<T> {
    return this.#keep(new Publisher<T>(this.target, { ...this.#options, ...options }));
  }

  subscriber<T = unknown>(options: SubscriberOptions = {}): Subscriber<T> {
    return this.#keep(new Subscriber<T>(this.target, { ...this.#options, ...options }));
  }

  pusher<T = unknown>(options: ChannelOptions = {}): Pusher<T> {
    const pusher = this.#keep(new Pusher<T>(this.target, { ...this.#options, ...options }));
    this.#queue = { codec: options.codec };
    return pusher;
  }

  puller<T = unknown>(options: ReceiverOptions = {}): Puller<T> {
    return this.#keep(new Puller<T>(this.target, { ...this.#options, ...options }));
  }

  ackPuller<T = unknown>(options: Partial<AckPullerOptions> = {}): Puller<Delivery<T>> {
    const all = { ...this.#options, ...options, ack: true } as const;
    const puller = this.#keep(new Puller<T>(this.target, all));
    this.#holders.push(puller);
    return puller;
  }

  requester<Q = unknown, R = unknown>(options: ChannelOptions = {}): Requester<Q, R> {
    return this.#keep(new Requester<Q, R>(this.target, { ...this.#options, ...options }));
  }

  replier<Q = unknown, R = unknown>(options: ChannelOptions = {}): Replier<Q, R> {
    return this.#keep(new Replier<Q, R>(this.target, { ...this.#options, ...options }));
  }

  #keep<S extends Socket>(socket: S): S {
    this.#sockets.push(socket);
    return socket;
  }

  /** The whole segment as it is now; of a named one, as a plain file read gives it. */
  bytes(): Uint8Array {
    return this.#bytes();
  }

  /** The header's totals as they are now. */
  totals(): Totals {
    return readTotals(this.bytes());
  }

  /** A queue that holds messages outlives its sockets, so they are taken first. */
  #emptyQueue(): void {
    if (this.#queue === undefined || typeof this.target !== "string") return;
    for (const holder of this.#holders) holder.close();
    const puller = this.puller(this.#queue);
    for (let view = puller.recvView(); view; view = puller.recvView()) view[Symbol.dispose]();
  }

  [Symbol.dispose](): void {
    try {
      this.#emptyQueue();
    } finally {
      for (const socket of this.#sockets.reverse()) socket.close();
      this.#dispose();
    }
  }
}

/** Opens channels on one kind of memory. */
export interface TestTransport {
  readonly name: string;
  open(capacityBytes?: number): TestChannel;
}

export const LOCAL: TestTransport = {
  name: "local",
  open(capacityBytes) {
    const channel = LocalChannel.create({ capacityBytes });
    const { handle } = channel;
    const bytes = () => new Uint8Array(handle.memory.buffer).slice();
    return new TestChannel(handle, {}, bytes, () => channel.close());
  },
};

export const SHM: TestTransport = {
  name: "shm",
  open(capacityBytes) {
    const directory = new TestDirectory();
    const options: ChannelOptions = { dir: directory.path };
    if (capacityBytes !== undefined) options.capacityBytes = capacityBytes;
    const bytes = () => Deno.readFileSync(directory.file("test"));
    return new TestChannel("test", options, bytes, () => directory[Symbol.dispose]());
  },
};

export const TRANSPORTS: readonly TestTransport[] = [LOCAL, SHM];

/** Registers a test on one kind of memory. */
export function testOn(
  transport: TestTransport,
  name: string,
  body: (open: (capacityBytes?: number) => TestChannel) => void | Promise<void>,
): void {
  Deno.test(`${transport.name}: ${name}`, async () => {
    const channels: TestChannel[] = [];
    const open = (capacityBytes?: number) => {
      const channel = transport.open(capacityBytes);
      channels.push(channel);
      return channel;
    };
    try {
      await body(open);
    } finally {
      for (const channel of channels) channel[Symbol.dispose]();
    }
  });
}
