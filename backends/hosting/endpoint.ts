/**
 * Addresses of servers.
 *
 * @module
 */

import { wholeNumber } from "../../lib/base/option_checks.ts";
import type { OptionCheck } from "../../lib/base/option_rules.ts";
import { formatValue } from "../../lib/base/options.ts";

const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\]|::1)$/i;

/** True for an address that only this machine can reach. */
export function isLoopback(host: string): boolean {
  return LOOPBACK.test(host);
}

/** An IPv6 address without the brackets that it has in a URL. */
export function withoutBrackets(host: string): string {
  return host.replace(/^\[(.*)\]$/, "$1");
}

/** Host and port as text, with the brackets of a URL around an IPv6 address. */
export function addressText(host: string, port: number): string {
  const bare = withoutBrackets(host);
  return `${bare.includes(":") ? `[${bare}]` : bare}:${port}`;
}

const IPV4_LOOPBACK = "127.0.0.1";
const IPV6_LOOPBACK = "::1";

/**
 * The addresses at which a server for clients of this machine may listen, the one to start it at first.
 * `localhost` is one of two, and which one depends on the program that asks.
 */
export function loopbackHosts(host: string): readonly [string, ...string[]] {
  const bare = withoutBrackets(host);
  if (bare === IPV6_LOOPBACK) return [IPV6_LOOPBACK, IPV4_LOOPBACK];
  if (bare === IPV4_LOOPBACK || bare.toLowerCase() === "localhost") {
    return [IPV4_LOOPBACK, IPV6_LOOPBACK];
  }
  return [bare];
}

/** Checks the name or the address of a host. */
export function checkHostName(name: string, host: unknown): string {
  if (typeof host === "string" && host !== "") return host;
  throw new TypeError(`${name} must be a name or an address, not ${formatValue(host)}`);
}

/**
 * Checks the host that a server listens on. An address that other machines can reach needs a token.
 *
 * @throws {TypeError} if the host has no token and needs one
 */
export function checkHost(host: string = "127.0.0.1", token?: string): string {
  if (token !== undefined || isLoopback(host)) return withoutBrackets(host);
  throw new TypeError(
    `cannot serve at ${
      formatValue(host)
    } without a token: other machines can reach it; set a token, ` +
      "or omit host",
  );
}

/** Checks a port. A server with port 0 chooses a free one. */
export const checkPort: OptionCheck<number> = wholeNumber(0, 65_535);

/** URL of a server. */
export function urlOf(scheme: "http" | "tcp" | "redis", host: string, port: number): string {
  return `${scheme}://${addressText(host, port)}`;
}

/** Why a server cannot listen, and what to do. */
const LISTEN_PROBLEMS = [
  {
    ErrorClass: Deno.errors.AddrInUse,
    code: "EADDRINUSE",
    text: "the port is in use; stop the program that listens there, or choose another port " +
      "(0 selects a free one)",
  },
  {
    ErrorClass: Deno.errors.AddrNotAvailable,
    code: "EADDRNOTAVAIL",
    text: "this machine has no such address; choose one of its own as host",
  },
  {
    ErrorClass: Deno.errors.PermissionDenied,
    code: "EACCES",
    text: "this user may not use the port; choose one from 1024 (0 selects a free one)",
  },
];

/**
 * Begins to listen.
 *
 * @throws {Deno.errors.AddrInUse} if another process listens there
 * @throws {Deno.errors.AddrNotAvailable} if the host is no address of this machine
 * @throws {Deno.errors.PermissionDenied} if the user may not use the port
 */
export function listenAt<Listener>(host: string, port: number, listen: () => Listener): Listener {
  try {
    return listen();
  } catch (cause) {
    const problem = LISTEN_PROBLEMS.find(({ ErrorClass }) => cause instanceof ErrorClass);
    if (problem === undefined) throw cause;
    const { ErrorClass, code, text } = problem;
    const error = new ErrorClass(`cannot listen on port ${port} of ${host}: ${text}`, { cause });
    throw Object.assign(error, { code });
  }
}

/** Whether a process listens on a port. */
export async function isListening(host: string, port: number): Promise<boolean> {
  try {
    (await Deno.connect({ hostname: withoutBrackets(host), port })).close();
    return true;
  } catch (error) {
    return !(error instanceof Deno.errors.ConnectionRefused);
  }
}
