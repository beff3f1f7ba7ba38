/**
 * The page of the dashboard, and who gets it.
 *
 * @module
 */

import { PAGE, SCRIPT_HASH, STYLE_HASH } from "./page_text.ts";

/** Its own style and script, its own server, and nothing else. */
const POLICY = [
  "default-src 'none'",
  `script-src ${SCRIPT_HASH}`,
  `style-src ${STYLE_HASH}`,
  "img-src data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
].join("; ");

const HEADERS = {
  "content-type": "text/html; charset=utf-8",
  "content-security-policy": POLICY,
  "cross-origin-opener-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "cache-control": "no-store",
  "vary": "accept",
};

/** True for a browser that opens an address: programs do not ask for HTML. */
export function wantsPage(headers: Headers): boolean {
  return /\btext\/html\b/i.test(headers.get("accept") ?? "");
}

/** The page. There is nothing of the server in it: its script asks for that, with the token. */
export function pageResponse(): Response {
  return new Response(PAGE, { headers: HEADERS });
}
