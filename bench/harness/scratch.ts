/** A folder for sockets, segments, binaries and latencies, deleted after the run in any case. */

/** In shared memory; tests name a folder of their own. */
const PARENT = Deno.env.get("RINGBUS_TEST_SCRATCH") ?? "/dev/shm";

/**
 * Gives a benchmark a folder. The first SIGINT or SIGTERM aborts the signal, so that it ends with what it
 * has; the second one ends the process.
 */
export async function withScratch<T>(
  use: (scratch: string, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const scratch = await Deno.makeTempDir({ dir: PARENT, prefix: "ringbus-bench-" });
  const remove = () => Deno.removeSync(scratch, { recursive: true });
  const stopping = new AbortController();
  // An interrupt must not leave gigabytes behind in memory. Children die with their harness.
  const interrupted = () => {
    if (!stopping.signal.aborted) return stopping.abort();
    remove();
    Deno.exit(130);
  };
  for (const signal of ["SIGINT", "SIGTERM"] as const) Deno.addSignalListener(signal, interrupted);
  try {
    return await use(scratch, stopping.signal);
  } finally {
    for (const signal of ["SIGINT", "SIGTERM"] as const) {
      Deno.removeSignalListener(signal, interrupted);
    }
    remove();
  }
}
