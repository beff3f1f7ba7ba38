/**
 * Authentication by token, and protection against web pages of other sites.
 *
 * @module
 */

import { formatValue } from "../../../lib/base/options.ts";
import { isLoopback } from "../../hosting/endpoint.ts";
import { secretMatcher } from "../../hosting/token.ts";
import { HttpError } from "./errors.ts";

/** The authentication of one server. */
export class Auth {
  readonly #isLoopback: boolean;
  readonly #isToken: ((candidate: string) => boolean) | undefined;
  /** Value of the cookie, in place of the token. It is valid for this server only, while it runs. */
  readonly #session = crypto.randomUUID();
  readonly #isSession = secretMatcher(this.#session);

  constructor(host: string, token: string | undefined) {
    this.#isLoopback = isLoopback(host);
    this.#isToken = token === undefined ? undefined : secretMatcher(token);
  }

  /** Throws for a request that a browser sends on behalf of a page of another site. */
  checkOrigin(headers: Headers): void {
    const host = headers.get("host") ?? "";
    // A foreign name that resolves to this machine (DNS rebinding).
    if (this.#isLoopback && !isLoopback(host.replace(PORT, ""))) {
      throw new HttpError(
        403,
        `the Host header must be localhost or a loopback address, not ${formatValue(host)}`,
      );
    }
    const origin = headers.get("origin");
    if (origin !== null && !isSameOrigin(origin, host)) {
      throw new HttpError(403, `requests from pages of ${formatValue(origin)} are rejected`);
    }
  }

  /**
   * Throws for a request with an effect that a page of another site can make a browser send without
   * asking the server first: by a link, an image, a form, `fetch` without CORS, or an `EventSource`.
   */
  checkSite(headers: Headers): void {
    const site = headers.get("sec-fetch-site");
    if (site === null ? isOwnRequest(headers) : OWN_SITES.has(site)) return;
    throw new HttpError(
      403,
      "a browser sends this request for a page of another site, or does not say for which: only pages " +
        "of this server and other programs may send it",
    );
  }

  /** Throws unless the request has the token or the cookie. */
  checkToken(headers: Headers): void {
    if (this.#isToken === undefined) return;
    const [, bearer] = /^Bearer +(\S+)$/i.exec(headers.get("authorization") ?? "") ?? [];
    if (bearer !== undefined && this.#isToken(bearer)) return;
    const cookie = cookieOf(headers);
    if (cookie !== undefined && this.#isSession(cookie)) return;
    throw new HttpError(
      401,
      "the token is missing or wrong: send it as Authorization: Bearer, or open / in a browser",
      { "www-authenticate": "Bearer" },
    );
  }

  /** The response that sets the cookie, and redirects from the URL with the token. */
  authorize(token: string, headers: Headers): Response {
    if (!this.#isToken?.(token)) {
      throw new HttpError(401, "the token is wrong");
    }
    const cookie = `${cookieName(headers)}=${this.#session}; HttpOnly; SameSite=Strict; Path=/`;
    return new Response(null, { status: 303, headers: { location: "/", "set-cookie": cookie } });
  }
}

const PORT = /:(\d+)$/;
/** Values of `Sec-Fetch-Site` for the pages of this server, and for what a user has typed. */
const OWN_SITES: ReadonlySet<string> = new Set(["same-origin", "none"]);
const JSON_TYPE = /^application\/json *(?:;|$)/i;
/** Every browser names itself so, and no page can change that. */
const BROWSER = /^Mozilla\//;

/**
 * True unless a browser without `Sec-Fetch-Site` may send the request for a page of another site: one
 * that is old, or that reaches the server by another name than localhost. An origin was checked before.
 */
function isOwnRequest(headers: Headers): boolean {
  if (headers.has("origin") || headers.has("authorization")) return true;
  if (JSON_TYPE.test(headers.get("content-type") ?? "")) return true;
  const referrer = headers.get("referer");
  if (referrer !== null) {
    return isSameOrigin(URL.parse(referrer)?.origin ?? "", headers.get("host") ?? "");
  }
  return !BROWSER.test(headers.get("user-agent") ?? "");
}

/** The name has the port, because browsers send the cookies of one port to all ports of a host. */
function cookieName(headers: Headers): string {
  return `ringbus-${PORT.exec(headers.get("host") ?? "")?.[1] ?? ""}`;
}

function cookieOf(headers: Headers): string | undefined {
  const start = `${cookieName(headers)}=`;
  const cookies = headers.get("cookie")?.split(/; */) ?? [];
  return cookies.find((cookie) => cookie.startsWith(start))?.slice(start.length);
}

function isSameOrigin(origin: string, host: string): boolean {
  return origin === `http://${host}` || origin === `https://${host}`;
}
