/** Latencies in nanoseconds, written raw: the harness computes every percentile in one way. */
import { writeFileSync } from "node:fs";

/**
 * @param {string} path
 * @param {Float64Array} latencies
 */
export function writeLatencies(path, latencies) {
  writeFileSync(path, new Uint8Array(latencies.buffer));
}
