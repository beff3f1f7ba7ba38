/**
 * What one child process of the benchmark is told to do.
 *
 * The files in this folder are plain JavaScript on `node:` modules, because the zeromq.js peer
 * runs them under Node and all others under Deno.
 */
import process from "node:process";

/**
 * @typedef {object} Task
 * @property {string} role "ping", "pong", "send", "receive", "beat" or "wake"
 * @property {string} address a path or endpoint that both processes of a run share
 * @property {number} size bytes of one message
 * @property {number} warmup messages before anything is measured
 * @property {number} count messages measured
 * @property {number} capacity bytes that may be in flight
 * @property {string} mode a variant of the peer
 * @property {string} out the file for latencies
 */

/** @returns {Task} */
export function readTask() {
  const [role, address, size, warmup, count, capacity, mode, out] = process.argv.slice(2);
  return {
    role,
    address,
    size: Number(size),
    warmup: Number(warmup),
    count: Number(count),
    capacity: Number(capacity),
    mode,
    out,
  };
}

/** How many messages fill the capacity: what a peer that counts messages may have in flight.
 * @param {Task} task
 */
export function messagesInFlight(task) {
  return Math.max(2, Math.min(100_000, Math.floor(task.capacity / task.size)));
}
