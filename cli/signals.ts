/**
 * Ctrl-C, SIGTERM and SIGHUP, at which a terminal hangs up: the first asks a subcommand to end, the second ends it at once.
 *
 * @module
 */

const SIGNALS: readonly Deno.Signal[] = Deno.build.os === "windows"
  ? ["SIGINT"]
  : ["SIGINT", "SIGTERM", "SIGHUP"];

/** Calls a function with a signal that aborts at SIGINT, SIGTERM or SIGHUP. */
export async function withSignals<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const end = () => {
    for (const signal of SIGNALS) Deno.removeSignalListener(signal, end);
    controller.abort();
  };
  for (const signal of SIGNALS) Deno.addSignalListener(signal, end);
  try {
    return await work(controller.signal);
  } finally {
    if (!controller.signal.aborted) end();
  }
}
