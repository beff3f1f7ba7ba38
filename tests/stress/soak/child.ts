/**
 * One process of a soak: `tests/stress/soak/child.ts '<task as JSON>'`, started by run.ts. It works until
 * its input ends, and writes a sample every second, as a line of JSON.
 *
 * @module
 */

import {
  Publisher,
  Puller,
  Pusher,
  type ReceivingSocket,
  Replier,
  Requester,
  type SendingSocket,
  ShmBufferFullError,
  ShmTimeoutError,
  Subscriber,
} from "../../../mod.ts";
import type { Sample, SoakTask } from "./task.ts";

const SAMPLE_MS = 1000;
/** Work between two turns of the event loop. */
const SLICE_MS = 20;
const BATCH = 200;
/** One message in so many is larger than the ring. */
const BIG_EVERY = 5000;
const BIG_BYTES = 200_000;
const CAPACITY = 256 * 1024;

const { pattern, side, dir }: SoakTask = JSON.parse(Deno.args[0]);
const options = { dir, capacityBytes: CAPACITY };
const collect = (globalThis as { gc?: () => void }).gc!;

let messages = 0;
let wrong = 0;
let missed = () => 0;

/** A message contains its number, from which its size is derived. */
interface Numbered {
  n: number;
  body: Uint8Array;
}

function make(n: number): Numbered {
  return { n, body: new Uint8Array(n % BIG_EVERY === BIG_EVERY - 1 ? BIG_BYTES : n % 100) };
}

let last = -1;

function check({ n, body }: Numbered): void {
  const isInOrder = pattern === "broadcast" ? n > last : n === last + 1;
  if (!isInOrder || body.length !== make(n).body.length) wrong++;
  last = n;
  messages++;
}

function sendSome(socket: SendingSocket<Numbered>): void {
  const accepted = socket.sendMany(Array.from({ length: BATCH }, (_, i) => make(messages + i)));
  messages += accepted;
  if (accepted === BATCH) return;
  try {
    socket.sendSync(make(messages), { timeoutMs: SLICE_MS });
    messages++;
  } catch (error) {
    if (!(error instanceof ShmBufferFullError)) throw error;
  }
}

function receiveSome(socket: ReceivingSocket<Numbered>): void {
  try {
    check(socket.recvSync({ timeoutMs: SLICE_MS }));
  } catch (error) {
    if (!(error instanceof ShmTimeoutError)) throw error;
  }
  for (const message of socket.drain(BATCH)) check(message);
}

function requestSome(socket: Requester<Numbered, Numbered>): void {
  try {
    check(socket.requestSync(make(messages), { timeoutMs: 1000 }));
  } catch (error) {
    if (!(error instanceof ShmTimeoutError)) throw error;
  }
}

function replySome(socket: Replier<Numbered, Numbered>): void {
  try {
    socket.send(socket.recvSync({ timeoutMs: SLICE_MS }));
    messages++;
  } catch (error) {
    if (!(error instanceof ShmTimeoutError)) throw error;
  }
}

/** Attaches in every role, sends and receives a message of its own, and leaves. */
function attachAndDetach(): void {
  const name = `${side}-${messages % 7}`;
  using pusher = new Pusher<number>(name, options);
  using puller = new Puller<number>(name, options);
  pusher.send(messages);
  if (puller.tryRecv() !== messages) wrong++;
  messages++;
}

/** Opens the sockets. Returns the function to call repeatedly. */
function openSockets(): () => void {
  const isSender = side === "sender";
  switch (pattern) {
    case "queue": {
      if (isSender) return bound(sendSome, new Pusher<Numbered>("queue", options));
      return bound(receiveSome, new Puller<Numbered>("queue", options));
    }
    case "broadcast": {
      if (isSender) return bound(sendSome, new Publisher<Numbered>("broadcast", options));
      const subscriber = new Subscriber<Numbered>("broadcast", options);
      missed = () => subscriber.statistics().missed;
      return bound(receiveSome, subscriber);
    }
    case "request": {
      if (isSender) {
        return bound(requestSome, new Requester<Numbered, Numbered>("request", options));
      }
      return bound(replySome, new Replier<Numbered, Numbered>("request", options));
    }
    case "churn":
      return attachAndDetach;
  }
}

function bound<S>(act: (socket: S) => void, socket: S): () => void {
  return () => act(socket);
}

function sample(): Sample {
  collect();
  const maps = Deno.readTextFileSync("/proc/self/maps").split("\n");
  return {
    messages,
    missed: missed(),
    wrong,
    rssBytes: Deno.memoryUsage().rss,
    descriptors: [...Deno.readDirSync("/proc/self/fd")].length,
    mappings: maps.filter((line) => line.includes(`${dir}/`)).length,
  };
}

let isOver = false;
const ended = (async () => {
  for await (const _ of Deno.stdin.readable) continue;
  isOver = true;
})();

const act = openSockets();
let sampledAt = performance.now();
while (!isOver) {
  const end = performance.now() + SLICE_MS;
  while (performance.now() < end) act();
  await new Promise((resolve) => setTimeout(resolve));
  if (performance.now() - sampledAt < SAMPLE_MS) continue;
  sampledAt = performance.now();
  console.log(JSON.stringify(sample()));
}
await ended;
Deno.exit(0);
