/**
 * What a server in a worker or in another process says when it has started, or could not.
 *
 * @module
 */

/** An address, or why there is none. */
export type Report = { address: string } | { name: string; message: string };

/** Puts an error into a report. */
export function reportOf(error: unknown): Report {
  const { name, message } = error instanceof Error ? error : new Error(String(error));
  return { name, message };
}

/** The address in a report; throws the error in it. */
export function addressFrom(report: Report): string {
  if ("address" in report) return report.address;
  const { name, message } = report;
  if (name === "AddrInUse") throw new Deno.errors.AddrInUse(message);
  throw Object.assign(new Error(message), { name });
}
