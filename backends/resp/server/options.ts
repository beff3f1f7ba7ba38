/**
 * Options of a server for its Redis clients.
 *
 * @module
 */

import { formatValue } from "../../../lib/base/options.ts";
import { durationMs, flag, optionsOf } from "../../../lib/base/option_checks.ts";
import { type OptionCheck, OptionRules } from "../../../lib/base/option_rules.ts";
import { checkToken } from "../../hosting/token.ts";

/** How a server serves Redis clients. */
export interface RedisOptions {
  /**
   * Version of Redis that it reports, such as `"7.2.0"`. Commands that came later are unknown.
   * Default: `"7.4.0"`.
   */
  version?: string;
  /** Passwords by the names of users, in visible ASCII. Default: the `token` for the user `default`. */
  users?: Record<string, string>;
  /** True if all connections speak RESP, also those that send lines of words. Default: false. */
  isOnly?: boolean;
  /**
   * Milliseconds after which a script is ended, also if no client asks for it with `SCRIPT KILL`.
   * `Infinity`: never. Default: 30,000.
   */
  scriptTimeoutMs?: number;
}

const VERSION = /^\d+\.\d+\.\d+$/;

const OPTIONS = new OptionRules<RedisOptions>("redis", {
  version: checkVersion,
  users: checkUsers,
  isOnly: flag,
  scriptTimeoutMs: (name, value) => value === Infinity ? value : durationMs(name, value),
});

/** Checks a version of Redis. */
export function checkVersion(name: string, value: unknown): string {
  if (typeof value === "string" && VERSION.test(value)) return value;
  throw new TypeError(`${name} must be a version such as "7.4.0", not ${formatValue(value)}`);
}

/** Checks passwords by user. */
export function checkUsers(name: string, value: unknown): Record<string, string> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new TypeError(
      `${name} must be an object with a password for each user, not ${formatValue(value)}`,
    );
  }
  for (const [user, password] of Object.entries(value)) checkToken(`${name}.${user}`, password);
  return value as Record<string, string>;
}

/** Checks all of them. */
export const checkRedisOptions: OptionCheck<RedisOptions> = optionsOf(OPTIONS);
