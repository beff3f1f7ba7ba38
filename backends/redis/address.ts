/**
 * The URL of a Redis server, of a cluster, or of the sentinels of a master, with the options of its
 * connections.
 *
 * @module
 */

import { type Invalid, invalidUrl } from "./invalid_url.ts";
import type { RedisConnectionOptions, RedisTlsOptions } from "../../lib/base/redis_options.ts";
import { type Parameters, parseQuery, shownQuery } from "./query.ts";

const DEFAULT_PORT = 6379;
const DEFAULT_SENTINEL_PORT = 26_379;
const KINDS = { "": "server", "-cluster": "cluster", "+sentinel": "sentinel" } as const;
const SCHEMES = Object.keys(KINDS).flatMap((end) => [`redis${end}:`, `rediss${end}:`]);
/** Scheme, login, hosts, path and query. `URL` does not parse several hosts. */
const PARTS = /^(rediss?([a-z+-]*):)\/\/(?:([^@/?#]*)@)?([^/?#@]+)(\/[^?#@]*)?(?:\?([^#@]*))?$/;
/** What Sentinel allows in the name of a master. */
const SERVICE_NAME = /^[\w.-]+$/;

/** What the hosts of a URL are. */
export type AddressKind = typeof KINDS[keyof typeof KINDS];

/** The address of one server. */
export interface NodeAddress {
  readonly host: string;
  readonly port: number;
}

/** How a client logs in. */
export interface Login {
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  readonly database: number;
  /** Undefined without TLS. */
  readonly tls?: RedisTlsOptions | undefined;
  /** The name of the connection in the lists of the server. */
  readonly clientName?: string | undefined;
}

/** The parts of a URL. */
export interface RedisAddress {
  readonly kind: AddressKind;
  readonly isCluster: boolean;
  /** One server, servers of a cluster that know the others, or sentinels. */
  readonly nodes: readonly NodeAddress[];
  /** The name by which the sentinels know the master. Empty without sentinels. */
  readonly serviceName: string;
  readonly login: Login;
  /** How the client logs in at the sentinels. */
  readonly sentinelLogin: Login;
  /** The URL without its passwords: made of what was understood, never of what was written. */
  readonly redactedUrl: string;
}

/** What a URL says by itself. */
interface WrittenUrl {
  readonly kind: AddressKind;
  readonly isTls: boolean;
  readonly nodes: readonly NodeAddress[];
  readonly serviceName: string;
  readonly database: number;
  readonly login: Credentials;
  readonly parameters: Parameters;
  readonly redactedUrl: string;
}

type Credentials = Pick<Login, "username" | "password">;

/**
 * Parses a URL, and adds the options of its connections, which were checked.
 *
 * @throws {TypeError} if the URL is invalid, or an option contradicts it; the message contains no password
 */
export function parseRedisUrl(url: string, options: RedisConnectionOptions = {}): RedisAddress {
  const written = readUrl(url);
  const { kind, nodes, serviceName, database, parameters, redactedUrl } = written;
  const tls = tlsOf(written, options);
  const { clientName } = parameters;
  return {
    kind,
    isCluster: kind === "cluster",
    nodes,
    serviceName,
    login: { ...loginOf(written, options), database, tls, clientName },
    sentinelLogin: { ...sentinelLoginOf(written, options), database: 0, tls, clientName },
    redactedUrl,
  };
}

function readUrl(url: string): WrittenUrl {
  const invalid: Invalid = (reason, part) => invalidUrl(url, reason, part);
  const [, scheme, end, written, hosts, path = "", query = ""] = PARTS.exec(url) ?? [];
  if (!SCHEMES.includes(scheme)) {
    throw invalid(`it must look like ${SCHEMES.map((each) => `${each}//host:port`).join(" or ")}`);
  }
  const kind = KINDS[end as keyof typeof KINDS];
  const isTls = scheme.startsWith("rediss");
  const names = hosts.split(",");
  if (kind === "server" && names.length > 1) {
    throw invalid(
      "only a cluster has several servers; write redis-cluster://, or redis+sentinel:// for sentinels",
    );
  }
  const defaultPort = kind === "sentinel" ? DEFAULT_SENTINEL_PORT : DEFAULT_PORT;
  const login = parseLogin(written, invalid);
  const nodes = names.map((name) => parseHost(name, defaultPort, invalid));
  const { serviceName, database } = parsePath(path, kind, invalid);
  const parameters = parseQuery(query, { hasSentinels: kind === "sentinel", isTls }, invalid);
  return {
    kind,
    isTls,
    nodes,
    serviceName,
    database: databaseOf(database, parameters, kind, invalid),
    login,
    parameters,
    redactedUrl: `${scheme}//${shownLogin(login)}${hosts}${path}${shownQuery(parameters)}`,
  };
}

function shownLogin({ username, password }: Credentials): string {
  if (password !== undefined) return `${username ?? ""}:***@`;
  return username === undefined ? "" : "***@";
}

function parseHost(name: string, defaultPort: number, invalid: Invalid): NodeAddress {
  const parsed = URL.parse(`redis://${name}`);
  if (parsed === null || parsed.hostname === "") {
    throw invalid("is not a host and port", name);
  }
  const host = parsed.hostname.replace(/^\[(.*)\]$/, "$1");
  return { host, port: parsed.port === "" ? defaultPort : Number(parsed.port) };
}

function parseLogin(login = "", invalid: Invalid): Credentials {
  const [username, ...password] = login.split(":");
  try {
    return {
      username: decodeURIComponent(username) || undefined,
      password: decodeURIComponent(password.join(":")) || undefined,
    };
  } catch {
    throw invalid("its user name or password is not valid percent-encoding");
  }
}

/** The database in the path, behind the name of the master if there are sentinels. */
function parsePath(
  path: string,
  kind: AddressKind,
  invalid: Invalid,
): { serviceName: string; database: number } {
  const [, ...steps] = path.split("/");
  const serviceName = kind === "sentinel" ? steps.shift() ?? "" : "";
  if (kind === "sentinel" && !SERVICE_NAME.test(serviceName)) {
    throw invalid("sentinels need the name of their master; write redis+sentinel://host:port/name");
  }
  const [database = "", ...rest] = steps;
  if (rest.length > 0 || !/^\d*$/.test(database)) {
    throw invalid("is not the number of a database", path);
  }
  return { serviceName, database: Number(database) };
}

function databaseOf(
  inPath: number,
  { db }: Parameters,
  kind: AddressKind,
  invalid: Invalid,
): number {
  const database = db === undefined ? inPath : Number(db);
  if (inPath !== 0 && inPath !== database) {
    throw invalid("its path and its parameter db name two databases; write one of them");
  }
  if (kind === "cluster" && database !== 0) throw invalid("a cluster has only database 0");
  return database;
}

function tlsOf(
  { isTls, parameters, redactedUrl }: WrittenUrl,
  { redisTls }: RedisConnectionOptions,
): RedisTlsOptions | undefined {
  if (!isTls && redisTls !== undefined) {
    throw new TypeError(
      `cannot use redisTls with ${redactedUrl}: it is without TLS; begin the URL with "rediss"`,
    );
  }
  if (!isTls) return undefined;
  const { servername } = parameters;
  return {
    ...redisTls,
    servername: chosen("redisTls.servername", redisTls?.servername, servername, redactedUrl),
  };
}

function loginOf(
  { login, redactedUrl: shown }: WrittenUrl,
  { redisUsername, redisPassword }: RedisConnectionOptions,
): Credentials {
  return checkLogin(
    chosen("redisUsername", redisUsername, login.username, shown),
    chosen("redisPassword", redisPassword, login.password, shown),
    shown,
  );
}

function sentinelLoginOf(
  { kind, parameters, redactedUrl: shown }: WrittenUrl,
  { redisSentinelUsername, redisSentinelPassword }: RedisConnectionOptions,
): Credentials {
  const isAsked = (redisSentinelUsername ?? redisSentinelPassword) !== undefined;
  if (kind !== "sentinel" && isAsked) {
    throw new TypeError(
      `cannot log in at the sentinels of ${shown}: it has none; write redis+sentinel://`,
    );
  }
  const { sentinelUsername, sentinelPassword } = parameters;
  return checkLogin(
    chosen("redisSentinelUsername", redisSentinelUsername, sentinelUsername, shown),
    chosen("redisSentinelPassword", redisSentinelPassword, sentinelPassword, shown),
    shown,
  );
}

/** What an option or the URL says. */
function chosen(
  name: string,
  option: string | undefined,
  inUrl: string | undefined,
  shown: string,
): string | undefined {
  if (option === undefined || inUrl === undefined || option === inUrl) return option ?? inUrl;
  throw new TypeError(
    `cannot use ${name} with ${shown}: the URL has another one; write one of them`,
  );
}

/** A user without a password would not log in, and be the default user. */
function checkLogin(
  username: string | undefined,
  password: string | undefined,
  shown: string,
): Credentials {
  if (username === undefined || password !== undefined) return { username, password };
  throw new TypeError(
    `cannot log in at ${shown}: there is a user name without a password; add the password`,
  );
}
