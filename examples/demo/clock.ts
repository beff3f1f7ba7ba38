/**
 * One clock for all processes of a machine: CLOCK_MONOTONIC of the C library. Deno's own monotonic clocks
 * count from the start of their process, so that their readings cannot be compared.
 *
 * @module
 */

const IS_MAC = Deno.build.os === "darwin";
const CLOCK_MONOTONIC = IS_MAC ? 6 : 1;

const SYMBOLS = { clock_gettime: { parameters: ["i32", "buffer"], result: "i32" } } as const;

function openLibrary(): Deno.DynamicLibrary<typeof SYMBOLS> {
  if (IS_MAC) return Deno.dlopen("libSystem.dylib", SYMBOLS);
  try {
    return Deno.dlopen("libc.so.6", SYMBOLS);
  } catch {
    return Deno.dlopen(`libc.musl-${Deno.build.arch}.so.1`, SYMBOLS);
  }
}

const library = openLibrary();
const time = new Int32Array(4);
const timeBytes = new Uint8Array(time.buffer);

/** Microseconds since a moment that is the same in every process of this machine. */
export function nowUs(): number {
  library.symbols.clock_gettime(CLOCK_MONOTONIC, timeBytes);
  return time[0] * 1e6 + time[2] / 1e3;
}
