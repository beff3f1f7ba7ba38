/**
 * The URL of a Redis server or cluster.
 *
 * @module
 */

const DEFAULT_PORT = 6379;
const SCHEMES = ["redis:", "rediss:", "redis-cluster:", "rediss-cluster:"] as const;
/** Scheme, login, hosts and path. `URL` does not parse several hosts. */
const PARTS = /^([a-z-]+:)\/\/(?:([^@/?#]*)@)?([^/?#@]+)(\/[^?#]*)?$/;

/** The address of one server. */
export interface NodeAddress {
  readonly host: string;
  readonly port: number;
}

/** How a client logs in. */
export interface Login {
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly database: number;
  readonly isTls: boolean;
}

/** The parts of a URL. */
export interface RedisAddress {
  readonly isCluster: boolean;
  /** One server, or the servers of a cluster that know the others. */
  readonly nodes: readonly NodeAddress[];
  readonly login: Login;
  /** The URL without its password: made of what was understood, never of what was written. */
  readonly redactedUrl: string;
}

/**
 * Parses a URL.
 *
 * @throws {TypeError} if the URL is invalid; the message does not contain the password
 */
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
    throw invalidUrl(url, "only a cluster has several servers; write redis-cluster://");
  }
  const { username, password } = parseLogin(url, login);
  const nodes = names.map((name) => parseHost(url, name));
  const database = parseDatabase(url, path, isCluster);
  const shownLogin = password !== undefined ? `${username ?? ""}:***@` : username && "***@";
  return {
    isCluster,
    nodes,
    login: { username, password, database, isTls: scheme.startsWith("rediss") },
    redactedUrl: `${scheme}//${shownLogin ?? ""}${hosts}${path}`,
  };
}

function parseHost(url: string, name: string): NodeAddress {
  const parsed = URL.parse(`redis://${name}`);
  if (parsed === null || parsed.hostname === "") {
    throw invalidUrl(url, `${shown(url, name, "it")} is not a host and port`);
  }
  const host = parsed.hostname.replace(/^\[(.*)\]$/, "$1");
  return { host, port: parsed.port === "" ? DEFAULT_PORT : Number(parsed.port) };
}

function parseLogin(url: string, login = ""): Pick<Login, "username" | "password"> {
  const [username, ...password] = login.split(":");
  try {
    return {
      username: decodeURIComponent(username) || undefined,
      password: decodeURIComponent(password.join(":")) || undefined,
    };
  } catch {
    throw invalidUrl(url, "its user name or password is not valid percent-encoding");
  }
}

function parseDatabase(url: string, path: string, isCluster: boolean): number {
  const database = /^\/?(\d*)$/.exec(path)?.[1];
  if (database === undefined) {
    throw invalidUrl(url, `${shown(url, path, "its path")} is not the number of a database`);
  }
  if (isCluster && Number(database) !== 0) throw invalidUrl(url, "a cluster has only database 0");
  return Number(database);
}

function invalidUrl(url: string, reason: string): TypeError {
  const advice = mayHaveSecret(url) ? "; percent-encode its user name and password" : "";
  return new TypeError(`cannot use redisUrl ${shown(url, url, "***")}: ${reason}${advice}`);
}

/** A part of an invalid URL: where its password begins and ends is unknown. */
function shown(url: string, part: string, instead: string): string {
  return mayHaveSecret(url) ? instead : JSON.stringify(part);
}

function mayHaveSecret(url: string): boolean {
  return /[@?#%]/.test(url);
}
