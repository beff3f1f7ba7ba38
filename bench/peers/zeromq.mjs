/**
 * zeromq.js as a peer, between two Node processes (it does not work between Deno processes).
 * PAIR carries the round trips, PUSH/PULL the streams, as in the peer for libzmq.
 *
 * The package is installed at bench time; ZEROMQ_FROM is the folder it was installed into.
 */
import { createRequire } from "node:module";
import { join } from "node:path";
import process from "node:process";
import { listens } from "../../cli/benchmark/peers/roles.js";
import { messagesInFlight } from "../../cli/benchmark/peers/window.js";
import { playForHarness, say } from "./shared/control.js";
import { readTask } from "./shared/task.js";

const LIFETIME_MS = 180_000;

const { Pair, Pull, Push } = createRequire(join(process.env.ZEROMQ_FROM, "package.json"))("zeromq");
const SOCKETS = { ping: Pair, pong: Pair, send: Push, receive: Pull, beat: Push, wake: Pull };

/** Node's hrtime is CLOCK_MONOTONIC itself, comparable across processes. */
const clock = () => Number(process.hrtime.bigint());

/** @param {import("./shared/task.js").Task} task */
async function openSocket(task) {
  const highWaterMark = messagesInFlight(task);
  const socket = new SOCKETS[task.role]();
  if ("sendHighWaterMark" in socket) socket.sendHighWaterMark = highWaterMark;
  if ("receiveHighWaterMark" in socket) socket.receiveHighWaterMark = highWaterMark;
  if (!listens(task.role)) socket.connect(task.address);
  else {
    await socket.bind(task.address);
    say({ event: "ready" });
  }
  return socket;
}

setTimeout(() => process.exit(1), LIFETIME_MS).unref();
const task = readTask();
const socket = await openSocket(task);
await playForHarness(
  {
    send: (message) => socket.send(message),
    receive: async () => (await socket.receive())[0],
    close: () => socket.close(),
  },
  task,
  clock,
);
