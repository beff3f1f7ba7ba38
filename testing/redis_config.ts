/**
 * The configuration file of a Redis server.
 *
 * @module
 */

import { flag, object, text, wholeNumber } from "../lib/base/option_checks.ts";
import { type OptionChecks, OptionRules } from "../lib/base/option_rules.ts";

/** What a server of a test can be asked for. */
export interface RedisServerOptions {
  /** Password that clients must give; none when left out. */
  password?: string;
  /** Writes every change to disk before it is answered, so that `kill` loses nothing; `false`. */
  appendOnly?: boolean;
  /** Bytes of memory, upon which writes are refused; no limit when left out. */
  maxMemoryBytes?: number;
  /** More directives, each with its value as it would stand in `redis.conf`. */
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

/** Directives that the fixture decides on. */
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

/** The text of `redis.conf`. Throws `TypeError` for a directive that is not the caller's to set. */
export function configText(host: string, port: number, options: RedisServerOptions): string {
  OPTIONS.check(options);
  const { password, appendOnly = false, maxMemoryBytes, config = {} } = options;
  const wrong = Object.keys(config).find((name) => RESERVED.includes(name.toLowerCase()));
  if (wrong !== undefined) {
    throw new TypeError(`config cannot set "${wrong}": that is up to the fixture; leave it out`);
  }
  const directives: Record<string, string | number> = {
    bind: host,
    port,
    save: '""',
    appendonly: appendOnly ? "yes" : "no",
    // With "everysec" a reply may go out while the write still waits for the disk.
    appendfsync: "always",
    "repl-diskless-sync-delay": 0,
  };
  if (password !== undefined) {
    directives.requirepass = directives.masterauth = quoted(password);
  }
  if (maxMemoryBytes !== undefined) directives.maxmemory = maxMemoryBytes;
  return Object.entries({ ...directives, ...config })
    .map(([name, value]) => `${name} ${value}\n`)
    .join("");
}

function quoted(text: string): string {
  const escape = (byte: number) => `\\x${byte.toString(16).padStart(2, "0")}`;
  return `"${Array.from(new TextEncoder().encode(text), escape).join("")}"`;
}
