/**
 * The texts of comments, as the pages have them.
 *
 * @module
 */

/** A text in one line. */
export function sentence(doc: string): string {
  return linked(doc).trim().replaceAll(/\s+/g, " ");
}

/** A text whose links are code. */
export function linked(doc: string): string {
  return doc.replaceAll(/\{@link(?:code)? ([^}]+)\}/g, "`$1`");
}
