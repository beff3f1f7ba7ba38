/**
 * The roles of the peers that live on an event loop: sockets, workers, zeromq.js.
 *
 * They share one set of loops so that they differ in nothing but the transport.
 */
import process from "node:process";
import { goSaid, say } from "./control.js";
import { writeLatencies } from "./latencies.js";
import { distinctMessages, sequenceByte } from "./sequence.js";

/** @typedef {import("./task.js").Task} Task */

/**
 * @typedef {object} Endpoint
 * @property {(message: Uint8Array) => Promise<void>} send
 * @property {() => Promise<Uint8Array>} receive what it returns is valid until the next call
 * @property {() => Promise<void> | void} close
 */

/** @typedef {() => number} Clock nanoseconds of CLOCK_MONOTONIC, one clock for all processes */

/** Sent once a beat, so that the receiver has long been asleep each time. */
const BEAT_MS = 1;

/**
 * @param {Endpoint} link
 * @param {Task} task
 */
async function pong(link, task) {
  for (let i = 0; i < task.warmup + task.count; i++) await link.send(await link.receive());
}

/**
 * @param {Endpoint} link
 * @param {Task} task
 * @param {Clock} clock
 */
async function ping(link, task, clock) {
  const message = new Uint8Array(task.size).fill(1);
  const latencies = new Float64Array(task.count);
  for (let i = 0; i < task.warmup; i++) {
    await link.send(message);
    await link.receive();
  }
  let before = clock();
  for (let i = 0; i < task.count; i++) {
    await link.send(message);
    await link.receive();
    const after = clock();
    latencies[i] = after - before;
    before = after;
  }
  writeLatencies(task.out, latencies);
}

/**
 * @param {Endpoint} link
 * @param {number} size
 * @param {number} count
 */
async function receiveRun(link, size, count) {
  let wrong = 0;
  for (let i = 0; i < count; i++) {
    const message = await link.receive();
    if (message.length !== size || message[0] !== sequenceByte(i)) wrong++;
  }
  return wrong;
}

/**
 * @param {Endpoint} link
 * @param {Task} task
 * @param {Clock} clock
 */
async function receive(link, task, clock) {
  const early = await receiveRun(link, task.size, task.warmup);
  say({ event: "warm" });
  const late = await receiveRun(link, task.size, task.count);
  say({ event: "end", endNs: clock(), wrong: early + late });
}

/**
 * @param {Endpoint} link
 * @param {number} size
 * @param {number} count
 */
async function sendRun(link, size, count) {
  const messages = distinctMessages(size);
  for (let i = 0; i < count; i++) await link.send(messages[i % messages.length]);
}

/**
 * @param {Endpoint} link
 * @param {Task} task
 * @param {Clock} clock
 */
async function send(link, task, clock) {
  await sendRun(link, task.size, task.warmup);
  await goSaid();
  const startNs = clock();
  await sendRun(link, task.size, task.count);
  say({ startNs });
  // A sender that leaves may take with it what its transport still holds.
  await goSaid();
  process.stdin.destroy();
}

/**
 * @param {Endpoint} link
 * @param {Task} task
 * @param {Clock} clock
 */
async function beat(link, task, clock) {
  const message = new Uint8Array(task.size);
  const stamp = new DataView(message.buffer);
  for (let i = 0; i < task.warmup + task.count; i++) {
    await new Promise((resolve) => setTimeout(resolve, BEAT_MS));
    stamp.setFloat64(0, clock(), true);
    await link.send(message);
  }
}

/**
 * @param {Endpoint} link
 * @param {Task} task
 * @param {Clock} clock
 */
async function wake(link, task, clock) {
  const latencies = new Float64Array(task.count);
  for (let i = -task.warmup; i < task.count; i++) {
    const message = await link.receive();
    const arrived = clock();
    const stamp = new DataView(message.buffer, message.byteOffset).getFloat64(0, true);
    if (i >= 0) latencies[i] = arrived - stamp;
  }
  writeLatencies(task.out, latencies);
}

const ROLES = { ping, pong, send, receive, beat, wake };

/** Whether the process in this role is started first, and sets up the address.
 * @param {string} role
 */
export function listens(role) {
  return role === "pong" || role === "receive" || role === "wake";
}

/**
 * @param {Endpoint} link
 * @param {Task} task
 * @param {Clock} clock
 */
export async function play(link, task, clock) {
  const role = ROLES[/** @type {keyof typeof ROLES} */ (task.role)];
  if (!role) throw new Error(`no role "${task.role}"`);
  await role(link, task, clock);
  await link.close();
}
