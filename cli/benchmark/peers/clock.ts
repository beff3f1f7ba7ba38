/**
 * CLOCK_MONOTONIC of the C library: one clock for all processes of the machine, 32 ns a call.
 *
 * Deno's `performance.now()` and `process.hrtime()` count from the start of their process, so that times
 * of two processes cannot be compared; and they take 80-100 ns.
 */

const CLOCK_MONOTONIC: Partial<Record<typeof Deno.build.os, number>> = { linux: 1, darwin: 6 };
const LIBRARIES: Partial<Record<typeof Deno.build.os, readonly string[]>> = {
  linux: ["libc.so.6", `libc.musl-${Deno.build.arch}.so.1`],
  darwin: ["libSystem.dylib"],
};
/** Seven weeks. */
const ROUGH_RANGE_MS = 2 ** 32;
const PR_SET_PDEATHSIG = 1;
const SIGKILL = 9n;

/** True if the shared clock is available. */
export function hasSharedClock(): boolean {
  return CLOCK_MONOTONIC[Deno.build.os] !== undefined &&
    Deno.permissions.querySync({ name: "ffi" }).state === "granted";
}

/**
 * Opens the clock, which returns nanoseconds.
 *
 * @throws {Error} if the system has no such clock, or a permission is missing
 */
export function openClock(): () => number {
  const { symbols } = openLibrary({
    clock_gettime: { parameters: ["i32", "buffer"], result: "i32" },
  });
  const id = CLOCK_MONOTONIC[Deno.build.os]!;
  const timespec = new Int32Array(4);
  const bytes = new Uint8Array(timespec.buffer);
  return () => {
    symbols.clock_gettime(id, bytes);
    // The low words suffice: seconds stay below 2^31, and the sum is exact for 104 days.
    return timespec[0] * 1e9 + timespec[2];
  };
}

/**
 * A clock without the C library, in nanoseconds: exact within one thread, and equal to milliseconds in all
 * of them. It counts from the beginning of the day, so that a number holds the nanoseconds.
 */
export function openRoughClock(): () => number {
  const originMs = performance.timeOrigin % ROUGH_RANGE_MS;
  return () => (originMs + performance.now()) * 1e6;
}

/** Ends this process when its parent does: a peer that spins must not spin for ever. On Linux. */
export function endWithParent(lifetimeSeconds: number): void {
  const { symbols } = openLibrary({
    prctl: { parameters: ["i32", "u64"], result: "i32" },
    alarm: { parameters: ["u32"], result: "u32" },
  });
  symbols.prctl(PR_SET_PDEATHSIG, SIGKILL);
  symbols.alarm(lifetimeSeconds);
}

function openLibrary<Symbols extends Deno.ForeignLibraryInterface>(symbols: Symbols) {
  const failures: unknown[] = [];
  for (const name of LIBRARIES[Deno.build.os] ?? []) {
    try {
      return Deno.dlopen(name, symbols);
    } catch (error) {
      failures.push(error);
    }
  }
  throw new AggregateError(failures, `cannot open the C library of ${Deno.build.os}`);
}
