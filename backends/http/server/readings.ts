/**
 * The ways to read the names in a URL. Careful clients encode them. The Python clients write a name as it
 * is: `100%`, `a%20b` and `q?x=1` then stand for themselves.
 *
 * @module
 */

/** The header of a client that encodes every name: its URLs have one reading. */
export const ENCODED_NAMES_HEADER = "ringbus-names";

/** One way to read a URL. */
export interface Reading {
  /** The parameters in the path, by name. */
  readonly path: ReadonlyMap<string, string>;
  readonly query: URLSearchParams;
}

/** What a URL has after the first segment of its path, unchanged. */
export interface RawNames {
  readonly path: string;
  /** Without its question mark; undefined if there is none. */
  readonly query: string | undefined;
}

/** Most slashes at which a text is divided: each reading costs as much as the text is long. */
const MAX_DIVISIONS = 256;

const NO_QUERY = new URLSearchParams();

/**
 * All readings, the likeliest first. A query in which the route has no parameter belongs to the name.
 *
 * @param names names of the parameters in the path: one or two
 */
export function* readingsOf(
  usual: Reading,
  raw: RawNames | undefined,
  names: readonly string[],
  isParameter: (name: string) => boolean,
): Generator<Reading> {
  const isQuery = usual.query.keys().some(isParameter);
  if (raw?.query !== undefined && !isQuery) yield* literal(whole(raw), names);
  yield usual;
  if (raw === undefined) return;
  if (raw.query !== undefined && isQuery) yield* literal(whole(raw), names);
  for (const { path } of literal(raw.path, names)) yield { path, query: usual.query };
}

function whole({ path, query }: RawNames): string {
  return `${path}?${query}`;
}

/** A text divided among the names at each slash, the last one first; decoded, and as it is. */
function* literal(text: string, names: readonly string[]): Generator<Reading> {
  for (const parts of divisions(text, names.length)) {
    for (const read of [decodeName, (part: string) => part]) {
      yield { path: new Map(parts.map((part, i) => [names[i], read(part)])), query: NO_QUERY };
    }
  }
}

function* divisions(text: string, count: number): Generator<readonly string[]> {
  if (count === 1) yield [text];
  else {
    let slash = text.lastIndexOf("/");
    for (let left = MAX_DIVISIONS; slash >= 0 && left > 0; left--) {
      yield [text.slice(0, slash), text.slice(slash + 1)];
      slash = slash === 0 ? -1 : text.lastIndexOf("/", slash - 1);
    }
  }
}

/** The name that percent-encoding stands for, or the text itself if it is none. */
export function decodeName(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
