/**
 * The processor time of the calling thread: what a busy machine takes away does not count.
 *
 * @module
 */

import { libcPath } from "./libc.ts";

const CLOCK_THREAD_CPUTIME_ID = 3;
const library = Deno.dlopen(libcPath(), {
  clock_gettime: { parameters: ["i32", "buffer"], result: "i32" },
});
const time = new BigInt64Array(2);

/** Milliseconds of processor time that this thread has used. */
export function cpuMs(): number {
  library.symbols.clock_gettime(CLOCK_THREAD_CPUTIME_ID, time);
  return Number(time[0]) * 1000 + Number(time[1]) / 1e6;
}
