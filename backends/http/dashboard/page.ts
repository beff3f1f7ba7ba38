/**
 * The page of the dashboard.
 *
 * @module
 */

import { PAGE, SCRIPT_HASH, STYLE_HASH } from "./page_text.ts";

/** The page may use its own style, its own script and its own server only. */
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

/** True for a browser that opens a URL: programs do not accept HTML. */
export function wantsPage(headers: Headers): boolean {
  return /\btext\/html\b/i.test(headers.get("accept") ?? "");
}

/** The page. It has no data of the server: its script requests them, with the token. */
export function pageResponse(): Response {
  return new Response(PAGE, { headers: HEADERS });
}
