/**
 * The parameters in the query of a Redis URL.
 *
 * @module
 */

import type { Invalid } from "./invalid_url.ts";

/** What the parameters say. One that is undefined is not there. */
export type Parameters = Readonly<Partial<Record<keyof typeof MEANINGS, string>>>;

/** What a URL must be for a parameter to mean something. */
interface UrlForm {
  readonly hasSentinels: boolean;
  readonly isTls: boolean;
}

/** What is known of a parameter. */
interface Meaning {
  readonly isValid: (value: string) => boolean;
  /** What the value must be. */
  readonly form: string;
  /** Why the parameter means nothing in a URL; undefined if it does. */
  readonly misplaced?: (url: UrlForm) => string | undefined;
  readonly isSecret?: true;
}

const filled = { isValid: (value: string) => value !== "", form: "not empty" };
const onlyForSentinels = ({ hasSentinels }: UrlForm) =>
  hasSentinels ? undefined : "it leads to no sentinels";

const MEANINGS = {
  db: { isValid: (value: string) => /^\d+$/.test(value), form: "the number of a database" },
  clientName: {
    // What Redis allows in the names of its clients.
    isValid: (value: string) => /^[!-~]+$/.test(value),
    form: "of printable ASCII characters without spaces",
  },
  servername: {
    ...filled,
    misplaced: ({ isTls }: UrlForm) => isTls ? undefined : "it is without TLS",
  },
  sentinelUsername: { ...filled, misplaced: onlyForSentinels },
  sentinelPassword: { ...filled, misplaced: onlyForSentinels, isSecret: true },
} satisfies Record<string, Meaning>;

const KNOWN = new Map<string, Meaning>(Object.entries(MEANINGS));
/** Names of parameters whose values, or what follows an "&" in them, may be secrets. */
const SECRET = /pass|pwd|token|secret|key|auth/i;

/** Reads the parameters. Throws for one that is unknown, repeated, or of the wrong form. */
export function parseQuery(query: string, url: UrlForm, invalid: Invalid): Parameters {
  if (query === "") return {};
  const values: Record<string, string> = {};
  for (const pair of query.split("&")) {
    const [name, ...rest] = pair.split("=");
    const meaning = KNOWN.get(name);
    if (meaning === undefined) throw invalid(unknownReason(name, query));
    if (Object.hasOwn(values, name)) throw invalid(`its parameter ${name} is there twice`);
    const value = decoded(rest.join("="));
    if (value === undefined) throw invalid(`its parameter ${name} is not valid percent-encoding`);
    if (!meaning.isValid(value)) throw invalid(`its parameter ${name} must be ${meaning.form}`);
    const why = meaning.misplaced?.(url);
    if (why !== undefined) throw invalid(`its parameter ${name} means nothing: ${why}`);
    values[name] = value;
  }
  return values;
}

/** The query of an address that was understood, without its secrets. */
export function shownQuery(parameters: Parameters): string {
  const shown = Object.entries(parameters).map(([name, value]) =>
    `${name}=${KNOWN.get(name)!.isSecret ? "***" : encodeURIComponent(value)}`
  );
  return shown.length === 0 ? "" : `?${shown.join("&")}`;
}

function unknownReason(name: string, query: string): string {
  if (SECRET.test(query)) {
    return "passwords and keys are no parameters of it; write user:password@ before the host, or pass " +
      "redisPassword and redisTls";
  }
  const shown = /^\w+$/.test(name) ? ` ${JSON.stringify(name)}` : "";
  return `its parameter${shown} is unknown; the parameters are ${[...KNOWN.keys()].join(", ")}`;
}

function decoded(value: string): string | undefined {
  try {
    return decodeURIComponent(value);
  } catch {
    return undefined;
  }
}
