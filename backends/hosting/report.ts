/**
 * What a server in a worker or in another process says when it has started, or could not.
 *
 * @module
 */

import { errorCode } from "../../lib/base/errors.ts";

/** An address, or the error because of which there is none. */
export type Report = { address: string } | { name: string; code?: string; message: string };

/** Code of `Deno.errors.AddrInUse`. */
const ADDRESS_IN_USE = "EADDRINUSE";

/** Puts an error into a report. */
export function reportOf(error: unknown): Report {
  const { name, message } = error instanceof Error ? error : new Error(String(error));
  return { name, code: errorCode(error), message };
}

/** The address in a report; throws the error in it. */
export function addressFrom(report: Report): string {
  if ("address" in report) return report.address;
  const { name, code, message } = report;
  if (code === ADDRESS_IN_USE) throw new Deno.errors.AddrInUse(message);
  throw Object.assign(new Error(message), { name, code });
}
