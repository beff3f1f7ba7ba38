/**
 * Texts without the secrets in them.
 *
 * @module
 */

/** A URL with a login, or with a query that names a secret. */
const SECRET = /@|[?&#][^=]*(pass|pwd|token|secret|key|auth)[^=]*=/i;

/** A text, of which only the scheme is left if it is a URL with a secret. */
export function redactUrl(text: string): string {
  const [, scheme, rest] = /^([a-z][a-z0-9+.-]*:\/\/)(.*)$/is.exec(text) ?? [];
  return scheme !== undefined && SECRET.test(rest) ? `${scheme}***` : text;
}

/** A text without some secrets. */
export function withoutSecrets(text: string, secrets: readonly (string | undefined)[]): string {
  let result = text;
  for (const secret of secrets) {
    if (secret) result = result.replaceAll(secret, "***");
  }
  return result;
}
