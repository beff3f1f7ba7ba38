/**
 * The task of one child process of the benchmark.
 *
 * The files in this folder are plain JavaScript on `node:` modules, because the zeromq.js peer
 * runs them under Node and all others under Deno.
 */
import process from "node:process";

/**
 * @typedef {import("../../../cli/benchmark/peers/roles.js").Task & {
 *   address: string, capacity: number, mode: string, out: string
 * }} Task the address is a path or endpoint that both processes share; capacity is in bytes; the mode is
 * a variant of the peer; out is the file for latencies
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
