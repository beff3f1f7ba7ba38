/**
 * Where Redis is: the URLs that a configuration may name.
 *
 * @module
 */

const DEFAULT_PORT = 6379;
const SCHEMES = ["redis:", "rediss:", "redis-cluster:", "rediss-cluster:"] as const;
/** Scheme, login and the rest: of several hosts, `URL` alone makes nothing. */
const PARTS = /^([a-z-]+:)\/\/(?:([^@/]*)@)?([^/?#]+)(\/[^?#]*)?$/;

/** One server. */
export interface NodeAddress {
  readonly host: string;
  readonly port: number;
}

/** How to get in. */
export interface Login {
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly database: number;
  readonly isTls: boolean;
}

/** What a URL says. */
export interface RedisAddress {
  readonly isCluster: boolean;
  /** One server, or those of a cluster that are asked for the others. */
  readonly nodes: readonly NodeAddress[];
  readonly login: Login;
  /** The URL without its password. */
  readonly redactedUrl: string;
}

/** Reads a URL. Throws `TypeError` for one that it does not understand; never with the password. */
export function parseRedisUrl(url: string): RedisAddress {
  const [, scheme, login, hosts, path = ""] = PARTS.exec(url) ?? [];
  if (!SCHEMES.includes(scheme as typeof SCHEMES[number])) {
    throw invalidUrl(
      url,
      `it must look like ${SCHEMES.map((known) => `${known}//host:port`).join(" or ")}`,
    );
  }
  const isCluster = scheme.endsWith("-cluster:");
  const names = hosts.split(",");
  if (!isCluster && names.length > 1) {
    throw invalidUrl(url, "several servers are a cluster; write redis-cluster://");
  }
  const { username, password } = parseLogin(url, login);
  return {
    isCluster,
    nodes: names.map((name) => parseHost(url, name)),
    login: {
      username,
      password,
      database: parseDatabase(url, path, isCluster),
      isTls: scheme.startsWith("rediss"),
    },
    redactedUrl: withoutPassword(url),
  };
}

function parseHost(url: string, name: string): NodeAddress {
  const parsed = URL.parse(`redis://${name}`);
  if (parsed === null || parsed.hostname === "") {
    throw invalidUrl(url, `${JSON.stringify(name)} is no host and port`);
  }
  const host = parsed.hostname.replace(/^\[(.*)\]$/, "$1");
  return { host, port: parsed.port === "" ? DEFAULT_PORT : Number(parsed.port) };
}

function parseLogin(url: string, login = ""): { username?: string; password?: string } {
  const [username, ...password] = login.split(":");
  try {
    return {
      username: decodeURIComponent(username) || undefined,
      password: decodeURIComponent(password.join(":")) || undefined,
    };
  } catch {
    throw invalidUrl(url, "its user name or password is not percent-encoded as it should be");
  }
}

function parseDatabase(url: string, path: string, isCluster: boolean): number {
  const database = /^\/?(\d*)$/.exec(path)?.[1];
  if (database === undefined) throw invalidUrl(url, `${path} is no number of a database`);
  if (isCluster && Number(database) !== 0) throw invalidUrl(url, "a cluster has database 0 alone");
  return Number(database);
}

function invalidUrl(url: string, reason: string): TypeError {
  return new TypeError(
    `cannot use redisUrl ${JSON.stringify(withoutPassword(String(url)))}: ${reason}`,
  );
}

/** A password may hold any character: all up to the last @ may be part of it. */
function withoutPassword(url: string): string {
  return url.replace(/^([^:/]*:\/\/)?([^:@]*):.*@/, "$1$2:***@");
}
