/**
 * The roles of the peers that live on an event loop: sockets, workers, zeromq.js.
 *
 * They share one set of loops so that they differ in nothing but the transport. This is plain JavaScript
 * because the benchmark's peer for zeromq.js runs it under Node.
 */
import { distinctMessages, sequenceByte } from "./sequence.js";

/**
 * @typedef {object} Task
 * @property {string} role "ping", "pong", "send", "receive", "beat" or "wake"
 * @property {number} size bytes of one message
 * @property {number} warmup messages before anything is measured
 * @property {number} count messages measured
 */

/**
 * @template Message
 * @typedef {object} Link
 * @property {(message: Message) => Promise<void>} send
 * @property {() => Promise<Message>} receive what it returns is valid until the next call
 * @property {() => Promise<void> | void} close
 */

/** @typedef {Link<Uint8Array>} Endpoint */

/**
 * Who gave the task, and gets what is found.
 *
 * @typedef {object} Host
 * @property {() => number} clock nanoseconds, on one clock for all processes
 * @property {(fact: Record<string, string | number>) => void} say
 * @property {() => void | Promise<void>} waitForGo waits until the host says "go": first when both sides are
 * warm, and again when everything has arrived and the sender may leave
 * @property {(latencies: Float64Array) => void} saveLatencies takes nanoseconds
 */

/** Sent once a beat, so that the receiver already sleeps each time. */
const BEAT_MS = 1;

/**
 * @param {Endpoint} connection
 * @param {Task} task
 */
async function pong(connection, task) {
  for (let i = 0; i < task.warmup + task.count; i++) {
    await connection.send(await connection.receive());
  }
}

/**
 * @param {Endpoint} connection
 * @param {Task} task
 * @param {Host} host
 */
async function ping(connection, task, { clock, saveLatencies }) {
  const message = new Uint8Array(task.size).fill(1);
  const latencies = new Float64Array(task.count);
  for (let i = 0; i < task.warmup; i++) {
    await connection.send(message);
    await connection.receive();
  }
  let before = clock();
  for (let i = 0; i < task.count; i++) {
    await connection.send(message);
    await connection.receive();
    const after = clock();
    latencies[i] = after - before;
    before = after;
  }
  saveLatencies(latencies);
}

/**
 * @param {Endpoint} connection
 * @param {number} size
 * @param {number} count
 */
async function receiveRun(connection, size, count) {
  let wrong = 0;
  for (let i = 0; i < count; i++) {
    const message = await connection.receive();
    if (message.length !== size || message[0] !== sequenceByte(i)) wrong++;
  }
  return wrong;
}

/**
 * @param {Endpoint} connection
 * @param {Task} task
 * @param {Host} host
 */
async function receive(connection, task, { clock, say }) {
  const early = await receiveRun(connection, task.size, task.warmup);
  say({ event: "warm" });
  const late = await receiveRun(connection, task.size, task.count);
  say({ event: "end", endNs: clock(), wrong: early + late });
}

/**
 * @param {Endpoint} connection
 * @param {number} size
 * @param {number} count
 */
async function sendRun(connection, size, count) {
  const messages = distinctMessages(size);
  for (let i = 0; i < count; i++) await connection.send(messages[i % messages.length]);
}

/**
 * @param {Endpoint} connection
 * @param {Task} task
 * @param {Host} host
 */
async function send(connection, task, { clock, say, waitForGo }) {
  await sendRun(connection, task.size, task.warmup);
  await waitForGo();
  const startNs = clock();
  await sendRun(connection, task.size, task.count);
  say({ startNs });
  // A sender that leaves may take with it what its transport still holds.
  await waitForGo();
}

/**
 * @param {Endpoint} connection
 * @param {Task} task
 * @param {Host} host
 */
async function beat(connection, task, { clock }) {
  const message = new Uint8Array(task.size);
  const timestamp = new DataView(message.buffer);
  for (let i = 0; i < task.warmup + task.count; i++) {
    await new Promise((resolve) => setTimeout(resolve, BEAT_MS));
    timestamp.setFloat64(0, clock(), true);
    await connection.send(message);
  }
}

/**
 * @param {Endpoint} connection
 * @param {Task} task
 * @param {Host} host
 */
async function wake(connection, task, { clock, saveLatencies }) {
  const latencies = new Float64Array(task.count);
  for (let i = -task.warmup; i < task.count; i++) {
    const message = await connection.receive();
    const arrived = clock();
    const timestamp = new DataView(message.buffer, message.byteOffset).getFloat64(0, true);
    if (i >= 0) latencies[i] = arrived - timestamp;
  }
  saveLatencies(latencies);
}

const ROLES = { ping, pong, send, receive, beat, wake };

/** Whether the process in this role is started first, and sets up the address.
 * @param {string} role
 */
export function listens(role) {
  return role === "pong" || role === "receive" || role === "wake";
}

/**
 * @param {Endpoint} connection
 * @param {Task} task
 * @param {Host} host
 */
export async function play(connection, task, host) {
  const role = ROLES[/** @type {keyof typeof ROLES} */ (task.role)];
  if (!role) throw new Error(`no role "${task.role}"`);
  await role(connection, task, host);
  await connection.close();
}
