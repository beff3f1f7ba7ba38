/**
 * A child of the cases between processes: `deno run --allow-ffi tests/stress/corruption/process_child.ts`.
 * It reads parts as lines of JSON, runs each for a while, and writes its result.
 *
 * @module
 */

import {
  type Delivery,
  Publisher,
  Puller,
  Pusher,
  Replier,
  Requester,
  ShmBufferFullError,
  ShmClosedError,
  ShmCorruptionError,
  ShmPeerLostError,
  ShmTimeoutError,
  type Socket,
  Subscriber,
} from "../../../mod.ts";
import { Random } from "../../support/random.ts";
import { makeMessage, MIN_BYTES } from "./message_verifier.ts";
import { announcing, checkTopic, TOPIC_SUBSCRIBERS } from "./topics.ts";
import { linesOf } from "../../../lib/base/lines.ts";
import { CHANNEL, lengthOf, type Outcome, type Part } from "./process_task.ts";

const ALLOWED = [
  ShmCorruptionError,
  ShmClosedError,
  ShmTimeoutError,
  ShmBufferFullError,
  ShmPeerLostError,
];
const SHORT = { timeoutMs: 5 };
const MAX_ODD = 20;
const MAX_UNACKED = 32;

const target = new Uint8Array(1 << 18);

/** A running part. */
class Play {
  readonly outcome: Outcome = { calls: 0, made: 0, messages: 0, errors: {}, odd: [] };
  readonly #part: Part;
  readonly random: Random;

  constructor(part: Part) {
    this.#part = part;
    this.random = new Random(part.seed);
  }

  make(): Uint8Array {
    const { key, capacityBytes } = this.#part;
    const id = this.outcome.made++;
    return makeMessage(key, id, lengthOf(key, id, capacityBytes));
  }

  onMessage(bytes: Uint8Array<ArrayBufferLike> | undefined): boolean {
    if (bytes === undefined) return false;
    this.outcome.messages++;
    if (!this.#isWhole(bytes) && this.outcome.odd.length < MAX_ODD) {
      this.outcome.odd.push(new Uint8Array(bytes).toBase64());
    }
    return true;
  }

  #isWhole(bytes: Uint8Array<ArrayBufferLike>): boolean {
    if (bytes.length < MIN_BYTES) return false;
    const id = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
    return this.#part.theirKeys.some((key) => {
      const sent = makeMessage(key, id, bytes.length);
      return lengthOf(key, id, this.#part.capacityBytes) === bytes.length &&
        sent.every((byte, at) => byte === bytes[at]);
    });
  }

  /** Makes calls until the time is over, or a call fails for another reason than damage. */
  async run(calls: (() => unknown)[]): Promise<void> {
    const end = performance.now() + this.#part.forMs;
    while (performance.now() < end && this.outcome.failure === undefined) {
      await this.attempt(this.random.pick(calls));
    }
  }

  async attempt(call: () => unknown): Promise<void> {
    this.outcome.calls++;
    try {
      await call();
    } catch (error) {
      const { name, stack } = error as Error;
      this.outcome.errors[name] = (this.outcome.errors[name] ?? 0) + 1;
      if (!ALLOWED.some((allowed) => error instanceof allowed)) this.outcome.failure = stack!;
    }
  }
}

type Bytes = Uint8Array<ArrayBufferLike>;

function sending(play: Play, socket: Pusher<Bytes> | Publisher<Bytes>): (() => unknown)[] {
  return [
    () => socket.send(play.make()),
    () => socket.sendMany([play.make(), play.make(), play.make()]),
    () => socket.sendSync(play.make(), SHORT),
    () => socket.sendAsync(play.make(), SHORT),
  ];
}

function receiving(
  play: Play,
  socket: Puller<Bytes> | Subscriber<Bytes>,
  check = () => {},
): (() => unknown)[] {
  const onMessage = (bytes: Bytes | undefined) => {
    if (play.onMessage(bytes)) check();
  };
  return [
    () => onMessage(socket.tryRecv()),
    () => socket.drain(10).forEach(onMessage),
    () => onMessage(target.subarray(0, socket.recvIntoSync(target, SHORT))),
    () => onMessage(socket.recvSync(SHORT)),
    async () => onMessage(await socket.recv(SHORT)),
  ];
}

function acknowledging(play: Play, socket: Puller<Delivery<Bytes>>): (() => unknown)[] {
  const held: Delivery<Bytes>[] = [];
  const keep = (delivery: Delivery<Bytes> | undefined) => {
    if (play.onMessage(delivery?.value)) held.push(delivery!);
  };
  return [
    () => keep(socket.tryRecv()),
    () => socket.drain(10).forEach(keep),
    () => keep(socket.recvSync(SHORT)),
    async () => keep(await socket.recv(SHORT)),
    () => held.shift()?.ack(),
    () => held.shift()?.nack(),
    () => held.splice(0).forEach((delivery) => delivery.ack()),
  ];
}

function requesting(play: Play, socket: Requester<Bytes, Bytes>): (() => unknown)[] {
  return [
    () => play.onMessage(socket.requestSync(play.make(), SHORT)),
    async () => play.onMessage(await socket.request(play.make(), SHORT)),
  ];
}

function replying(play: Play, socket: Replier<Bytes, Bytes>): (() => unknown)[] {
  let owes = false;
  return [async () => {
    if (!owes) {
      owes = play.onMessage(
        play.random.chance(0.5) ? socket.recvSync(SHORT) : await socket.recv(SHORT),
      );
    }
    if (owes) socket.send(play.make());
    owes = false;
  }];
}

function open(part: Part): [Socket, (play: Play) => (() => unknown)[]] {
  const options = { dir: part.dir, capacityBytes: part.capacityBytes, codec: "raw" } as const;
  switch (part.role) {
    case "pusher":
    case "publisher": {
      const Kind = part.role === "pusher" ? Pusher<Bytes> : Publisher<Bytes>;
      const socket = new Kind(CHANNEL, options);
      return [socket, (play) => sending(play, socket)];
    }
    case "announcer": {
      const publisher = new Publisher<Bytes>(CHANNEL, options);
      return [publisher, (play) => sending(play, announcing(publisher, play.random))];
    }
    case "chooser":
    case "newest": {
      const topics = TOPIC_SUBSCRIBERS[part.role];
      const socket = new Subscriber<Bytes>(CHANNEL, { ...options, ...topics });
      return [socket, (play) => receiving(play, socket, () => checkTopic(socket))];
    }
    case "puller":
    case "subscriber": {
      const Kind = part.role === "puller" ? Puller<Bytes> : Subscriber<Bytes>;
      const socket = new Kind(CHANNEL, options);
      return [socket, (play) => receiving(play, socket)];
    }
    case "acknowledger": {
      const ackOptions = { ...options, ack: true, maxUnacked: MAX_UNACKED } as const;
      const socket = new Puller<Bytes>(CHANNEL, ackOptions);
      return [socket, (play) => acknowledging(play, socket)];
    }
    case "requester": {
      const socket = new Requester<Bytes, Bytes>(CHANNEL, options);
      return [socket, (play) => requesting(play, socket)];
    }
    case "replier": {
      const socket = new Replier<Bytes, Bytes>(CHANNEL, options);
      return [socket, (play) => replying(play, socket)];
    }
  }
}

async function perform(part: Part, untilAllAreOpen: () => Promise<unknown>): Promise<Outcome> {
  const [socket, callsOf] = open(part);
  console.log(JSON.stringify("open"));
  await untilAllAreOpen();
  const play = new Play(part);
  try {
    await play.run(callsOf(play));
  } finally {
    await play.attempt(() => socket.close());
  }
  return play.outcome;
}

const lines = linesOf(Deno.stdin.readable, { completeOnly: true });
for (let line = await lines.next(); !line.done; line = await lines.next()) {
  console.log(JSON.stringify(await perform(JSON.parse(line.value), () => lines.next())));
}
