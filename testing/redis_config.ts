/**
 * The configuration file of a Redis server.
 *
 * @module
 */

import { flag, object, optionsOf, text, wholeNumber } from "../lib/base/option_checks.ts";
import { type OptionChecks, OptionRules } from "../lib/base/option_rules.ts";

/** The certificate of a server, and of the clients that it trusts. Texts are in PEM form. */
export interface RedisServerTls {
  /** The certificate of the authority that has signed those of the server and its clients. */
  ca: string;
  /** The certificate of the server. */
  cert: string;
  /** The private key of `cert`. */
  key: string;
  /** Whether a client must show a certificate. Default: false. */
  requireClientCertificate?: boolean;
}

/** Options of a Redis server. */
export interface RedisServerOptions {
  /** Password that clients must send. Default: none. */
  password?: string;
  /** Writes every change to disk before the reply, so that `kill` loses nothing. Default: false. */
  appendOnly?: boolean;
  /** Bytes of memory. At the limit the server rejects writes. Default: no limit. */
  maxMemoryBytes?: number;
  /** Lets clients connect over TLS only. Default: without TLS. */
  tls?: RedisServerTls;
  /** More directives, with their values as in `redis.conf`. */
  config?: Record<string, string | number>;
}

const TLS = new OptionRules<RedisServerTls>("tls", {
  ca: text,
  cert: text,
  key: text,
  requireClientCertificate: flag,
});

/** The checks of `RedisServerOptions`. */
export const SERVER_CHECKS: OptionChecks<RedisServerOptions> = {
  password: text,
  appendOnly: flag,
  maxMemoryBytes: wholeNumber(1),
  tls: optionsOf(TLS),
  config: object,
};
const OPTIONS = new OptionRules<RedisServerOptions>("redisServer()", SERVER_CHECKS);

/** Directives that the fixture sets itself. */
const RESERVED = [
  "bind",
  "port",
  "dir",
  "daemonize",
  "logfile",
  "loglevel",
  "requirepass",
  "masterauth",
];

/** Over this socket, in its directory, the fixture talks to a server with TLS. */
export const SOCKET_NAME = "redis.sock";
const FILE_NAMES = { ca: "ca.pem", cert: "cert.pem", key: "key.pem" } as const;

/** Writes what the configuration refers to. */
export function writeTlsFiles(directory: string, { tls }: RedisServerOptions): void {
  if (tls === undefined) return;
  for (const [part, name] of Object.entries(FILE_NAMES)) {
    Deno.writeTextFileSync(`${directory}/${name}`, tls[part as keyof typeof FILE_NAMES]);
  }
}

/** The directives for the ports of a server. */
export function portDirectives(port: number, { tls }: RedisServerOptions): Directives {
  if (tls === undefined) return { port };
  return {
    port: 0,
    unixsocket: SOCKET_NAME,
    "tls-port": port,
    "tls-ca-cert-file": FILE_NAMES.ca,
    "tls-cert-file": FILE_NAMES.cert,
    "tls-key-file": FILE_NAMES.key,
    "tls-auth-clients": tls.requireClientCertificate ? "yes" : "no",
    "tls-replication": "yes",
    "tls-cluster": "yes",
  };
}

/** Directives with their values. */
export type Directives = Record<string, string | number>;

/** The text of `redis.conf`. Throws `TypeError` for a directive that the fixture sets itself. */
export function configText(host: string, port: number, options: RedisServerOptions): string {
  OPTIONS.check(options);
  const { password, appendOnly = false, maxMemoryBytes, config = {} } = options;
  const wrong = Object.keys(config).find((name) => RESERVED.includes(name.toLowerCase()));
  if (wrong !== undefined) {
    throw new TypeError(`config cannot set "${wrong}": the fixture sets it; remove it`);
  }
  const directives: Directives = {
    bind: host,
    ...portDirectives(port, options),
    save: '""',
    appendonly: appendOnly ? "yes" : "no",
    // With "everysec" a reply may be sent before the write is on the disk.
    appendfsync: "always",
    "repl-diskless-sync-delay": 0,
  };
  if (password !== undefined) {
    directives["requirepass"] = directives["masterauth"] = quoted(password);
  }
  if (maxMemoryBytes !== undefined) directives["maxmemory"] = maxMemoryBytes;
  return textOf({ ...directives, ...config });
}

/** The text of directives. */
export function textOf(directives: Directives): string {
  return Object.entries(directives).map(([name, value]) => `${name} ${value}\n`).join("");
}

/** A value with any characters. */
export function quoted(text: string): string {
  const escape = (byte: number) => `\\x${byte.toString(16).padStart(2, "0")}`;
  return `"${Array.from(new TextEncoder().encode(text), escape).join("")}"`;
}
