/**
 * Who is let in: the right token, and no web page of a foreign site.
 *
 * @module
 */

import { createHash, timingSafeEqual } from "node:crypto";
import { show } from "../../lib/options.ts";
import { HttpError } from "./errors.ts";

const TOKEN = /^[\x21-\x7e]{1,512}$/;
const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d+)?$/i;

/** True for an address that only this machine reaches. */
export function isLoopback(host: string): boolean {
  return LOOPBACK.test(host) || host === "::1";
}

/** Throws unless it can stand in a header. */
export function checkToken(token: unknown): asserts token is string {
  if (typeof token === "string" && TOKEN.test(token)) return;
  throw new TypeError(
    `token must be 1 to 512 visible ASCII characters, not ${
      typeof token === "string" ? `${token.length} characters with others among them` : show(token)
    }`,
  );
}

/** The gate of one server. */
export class Guard {
  readonly #isLoopback: boolean;
  readonly #token: Buffer | undefined;
  /** What the cookie holds in place of the token: good for this server alone, and as long as it runs. */
  readonly #session = crypto.randomUUID();
  readonly #sessionDigest = digest(this.#session);

  constructor(host: string, token: string | undefined) {
    this.#isLoopback = isLoopback(host);
    this.#token = token === undefined ? undefined : digest(token);
  }

  /** Throws for requests that a page of another site makes a browser send. */
  checkSite(headers: Headers): void {
    const host = headers.get("host") ?? "";
    // A foreign name that leads to this machine (DNS rebinding).
    if (this.#isLoopback && !LOOPBACK.test(host)) {
      throw new HttpError(
        403,
        `the Host header must be localhost or a loopback address, not ${show(host)}`,
      );
    }
    const origin = headers.get("origin");
    if (origin !== null && !isOrigin(origin, host)) {
      throw new HttpError(403, `requests from pages of ${show(origin)} are refused`);
    }
  }

  /** Throws unless the request has the token, or the cookie. */
  checkToken(headers: Headers): void {
    if (this.#token === undefined) return;
    const [, bearer] = /^Bearer +(\S+)$/i.exec(headers.get("authorization") ?? "") ?? [];
    if (bearer !== undefined && timingSafeEqual(digest(bearer), this.#token)) return;
    const cookie = cookieOf(headers);
    if (cookie !== undefined && timingSafeEqual(digest(cookie), this.#sessionDigest)) return;
    throw new HttpError(
      401,
      "the token is missing or wrong: send it as Authorization: Bearer, or open /?token= in a browser",
      { "www-authenticate": "Bearer" },
    );
  }

  /** The answer that sets the cookie and leads away from the address with the token in it. */
  letIn(token: string): Response {
    if (this.#token === undefined || !timingSafeEqual(digest(token), this.#token)) {
      throw new HttpError(401, "the token is wrong");
    }
    const cookie = `${COOKIE}=${this.#session}; HttpOnly; SameSite=Strict; Path=/`;
    return new Response(null, { status: 303, headers: { location: "/", "set-cookie": cookie } });
  }
}

const COOKIE = "ringbus";

function cookieOf(headers: Headers): string | undefined {
  return new RegExp(`(?:^|; *)${COOKIE}=([^;]*)`).exec(headers.get("cookie") ?? "")?.[1];
}

function isOrigin(origin: string, host: string): boolean {
  return origin === `http://${host}` || origin === `https://${host}`;
}

/** Of equal length whatever is given, so that a comparison takes equal time. */
function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
