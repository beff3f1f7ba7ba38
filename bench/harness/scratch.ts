/** A folder for sockets, segments, binaries and latencies, deleted after the run in any case. */

/** In shared memory; tests name a folder of their own. */
const PARENT = Deno.env.get("RINGBUS_TEST_SCRATCH") ?? "/dev/shm";

export async function withScratch<T>(use: (scratch: string) => Promise<T>): Promise<T> {
  const scratch = await Deno.makeTempDir({ dir: PARENT, prefix: "ringbus-bench-" });
  const remove = () => Deno.removeSync(scratch, { recursive: true });
  // An interrupt must not leave gigabytes behind in memory. Children die with their harness.
  const interrupted = () => {
    remove();
    Deno.exit(130);
  };
  for (const signal of ["SIGINT", "SIGTERM"] as const) Deno.addSignalListener(signal, interrupted);
  try {
    return await use(scratch);
  } finally {
    for (const signal of ["SIGINT", "SIGTERM"] as const) {
      Deno.removeSignalListener(signal, interrupted);
    }
    remove();
  }
}
