/**
 * The report of a server in a worker or in another process: it has started, or failed to.
 *
 * @module
 */

import { messageOf, nameOf } from "../../lib/base/thrown.ts";
import { errorCode } from "../../lib/base/errors.ts";

/** The address of the server, or the error that prevented its start. */
export type Report = { address: string } | {
  name: string;
  code?: string | undefined;
  message: string;
};

/** Code of `Deno.errors.AddrInUse`. */
const ADDRESS_IN_USE = "EADDRINUSE";

/** The report of an error. */
export function reportOf(error: unknown): Report {
  const [name, message] = [nameOf(error), messageOf(error)];
  return { name, code: errorCode(error), message };
}

/** The address of a report. Throws if the report has an error. */
export function addressFrom(report: Report): string {
  if ("address" in report) return report.address;
  const { name, code, message } = report;
  const ErrorClass = code === ADDRESS_IN_USE ? Deno.errors.AddrInUse : Error;
  throw Object.assign(new ErrorClass(message), { name, code });
}
