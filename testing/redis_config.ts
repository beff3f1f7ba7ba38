/**
 * The configuration file of a Redis server.
 *
 * @module
 */

import { flag, object, text, wholeNumber } from "../lib/base/option_checks.ts";
import { type OptionChecks, OptionRules } from "../lib/base/option_rules.ts";

/** Options of a Redis server. */
export interface RedisServerOptions {
  /** Password that clients must send. Default: none. */
  password?: string;
  /** Writes every change to disk before the reply, so that `kill` loses nothing. Default: false. */
  appendOnly?: boolean;
  /** Bytes of memory. At the limit the server rejects writes. Default: no limit. */
  maxMemoryBytes?: number;
  /** More directives, with their values as in `redis.conf`. */
  config?: Record<string, string | number>;
}

/** The checks of `RedisServerOptions`. */
export const SERVER_CHECKS: OptionChecks<RedisServerOptions> = {
  password: text,
  appendOnly: flag,
  maxMemoryBytes: wholeNumber(1),
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

/** The text of `redis.conf`. Throws `TypeError` for a directive that the fixture sets itself. */
export function configText(host: string, port: number, options: RedisServerOptions): string {
  OPTIONS.check(options);
  const { password, appendOnly = false, maxMemoryBytes, config = {} } = options;
  const wrong = Object.keys(config).find((name) => RESERVED.includes(name.toLowerCase()));
  if (wrong !== undefined) {
    throw new TypeError(`config cannot set "${wrong}": the fixture sets it; remove it`);
  }
  const directives: Record<string, string | number> = {
    bind: host,
    port,
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
  return Object.entries({ ...directives, ...config })
    .map(([name, value]) => `${name} ${value}\n`)
    .join("");
}

function quoted(text: string): string {
  const escape = (byte: number) => `\\x${byte.toString(16).padStart(2, "0")}`;
  return `"${Array.from(new TextEncoder().encode(text), escape).join("")}"`;
}
