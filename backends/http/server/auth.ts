/**
 * Authentication by token, and protection against web pages of other sites.
 *
 * @module
 */

import { formatValue } from "../../../lib/base/options.ts";
import { isLoopback } from "../../hosting/endpoint.ts";
import { secretMatcher } from "../../hosting/token.ts";
import { HttpError } from "./errors.ts";
import { ENCODED_NAMES_HEADER } from "./readings.ts";

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

  /** Whether requests need a token. */
  get hasToken(): boolean {
    return this.#isToken !== undefined;
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
  checkSite(method: string, headers: Headers): void {
    const site = headers.get("sec-fetch-site");
    if (site !== null) {
      if (!OWN_SITES.has(site)) throw foreignSite();
    } else if (!hasProof(headers)) {
      checkUndeclared(method, headers);
    }
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
/** Every browser names itself so, and no page can change that without asking the server first. */
const BROWSER = /^(?:Mozilla|Opera)\//;
/** What a form sends, and so do `curl -d` and `urllib` of Python. `http.client` of Python sends no type. */
const DEFAULT_TYPES: ReadonlySet<string | null> = new Set([
  null,
  "application/x-www-form-urlencoded",
]);
const CURL = /^curl\//;
/** What Python accepts. A browser always accepts compressed responses to a `POST`, and no page can change that. */
const PYTHON_ENCODING = "identity";

/**
 * True for a request with a header that a page of another site can send only after the server has allowed it
 * to, which this server never does. An origin was checked before.
 */
function hasProof(headers: Headers): boolean {
  return headers.has("origin") || headers.has("authorization") ||
    headers.has(ENCODED_NAMES_HEADER) ||
    JSON_TYPE.test(headers.get("content-type") ?? "");
}

/**
 * Throws for a request without a proof that a browser may have sent: one that is old, or that reaches the
 * server by another name than localhost.
 */
function checkUndeclared(method: string, headers: Headers): void {
  const referrer = headers.get("referer");
  if (referrer !== null) {
    const origin = URL.parse(referrer)?.origin ?? "";
    if (isSameOrigin(origin, headers.get("host") ?? "")) return;
    throw foreignSite();
  }
  const agent = headers.get("user-agent") ?? "";
  if (BROWSER.test(agent)) throw foreignSite();
  if (method !== "POST") return;
  const isProgram = CURL.test(agent) || headers.get("accept-encoding") === PYTHON_ENCODING;
  if (isProgram && DEFAULT_TYPES.has(headers.get("content-type"))) return;
  throw new HttpError(
    415,
    "a body must be sent with Content-Type: application/json, which no page of another site can send",
    { "accept-post": "application/json" },
  );
}

function foreignSite(): HttpError {
  return new HttpError(
    403,
    "a browser sends this request for a page of another site, or does not say for which: only pages " +
      "of this server and other programs may send it",
  );
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
