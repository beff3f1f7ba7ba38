/**
 * The parameters that `CONFIG` reads and sets.
 *
 * @module
 */

import { glob } from "../../../lib/base/glob.ts";
import { MAX_PATTERN_LENGTH } from "../../../lib/base/glob_automaton.ts";

/** What is done with a new value: returns it in the form that is shown, or undefined if it is invalid. */
export type ConfigCheck = (text: string) => string | undefined;

const INTEGER = /^-?\d{1,18}$/;
const MEMORY = /^(\d{1,15})(b|kb?|mb?|gb?)?$/i;
const UNITS: Readonly<Record<string, number>> = {
  "": 1,
  b: 1,
  k: 1e3,
  kb: 2 ** 10,
  m: 1e6,
  mb: 2 ** 20,
  g: 1e9,
  gb: 2 ** 30,
};

const integer: ConfigCheck = (text) => INTEGER.test(text) ? String(Number(text)) : undefined;
const yesNo: ConfigCheck = (text) => /^(?:yes|no)$/i.test(text) ? text.toLowerCase() : undefined;
const memory: ConfigCheck = (text) => {
  const match = MEMORY.exec(text);
  return match === null
    ? undefined
    : String(Number(match[1]) * UNITS[(match[2] ?? "").toLowerCase()]);
};
const text: ConfigCheck = (value) => value;
const oneOf = (...values: string[]): ConfigCheck => (value) =>
  values.find((each) => each === value.toLowerCase());

/** The parameters with their values in the beginning. Few of them change what the server does. */
const PARAMETERS: Readonly<Record<string, readonly [string, ConfigCheck]>> = {
  "active-expire-effort": ["1", integer],
  activedefrag: ["no", yesNo],
  appendfsync: ["everysec", oneOf("always", "everysec", "no")],
  appendonly: ["no", oneOf("no")],
  bind: ["127.0.0.1", text],
  "busy-reply-threshold": ["5000", integer],
  "client-output-buffer-limit": [
    "normal 0 0 0 slave 268435456 67108864 60 pubsub 33554432 8388608 60",
    text,
  ],
  "close-on-oom": ["no", yesNo],
  databases: ["16", oneOf("16")],
  dbfilename: ["dump.rdb", text],
  dir: ["/", text],
  "hash-max-listpack-entries": ["128", integer],
  "hash-max-listpack-value": ["64", integer],
  "hash-max-ziplist-entries": ["128", integer],
  "hash-max-ziplist-value": ["64", integer],
  hz: ["10", integer],
  "latency-monitor-threshold": ["0", integer],
  "latency-tracking": ["yes", yesNo],
  "lazyfree-lazy-expire": ["no", yesNo],
  "lazyfree-lazy-user-del": ["no", yesNo],
  "lazyfree-lazy-user-flush": ["no", yesNo],
  "list-compress-depth": ["0", integer],
  "list-max-listpack-size": ["-2", integer],
  "list-max-ziplist-size": ["-2", integer],
  loglevel: ["notice", oneOf("debug", "verbose", "notice", "warning")],
  "lua-time-limit": ["5000", integer],
  maxclients: ["10000", integer],
  maxmemory: ["0", memory],
  "maxmemory-policy": [
    "noeviction",
    oneOf(
      "noeviction",
      "allkeys-lru",
      "allkeys-lfu",
      "allkeys-random",
      "volatile-lru",
      "volatile-lfu",
      "volatile-random",
      "volatile-ttl",
    ),
  ],
  "maxmemory-samples": ["5", integer],
  "min-replicas-to-write": ["0", integer],
  "notify-keyspace-events": ["", text],
  port: ["0", text],
  "proto-max-bulk-len": ["536870912", memory],
  "repl-diskless-sync": ["yes", yesNo],
  "replica-read-only": ["yes", yesNo],
  requirepass: ["", text],
  save: ["", text],
  "set-max-intset-entries": ["512", integer],
  "set-max-listpack-entries": ["128", integer],
  "set-max-listpack-value": ["64", integer],
  "slowlog-log-slower-than": ["10000", integer],
  "slowlog-max-len": ["128", integer],
  "stop-writes-on-bgsave-error": ["yes", yesNo],
  "stream-node-max-bytes": ["4096", memory],
  "stream-node-max-entries": ["100", integer],
  "tcp-backlog": ["511", integer],
  "tcp-keepalive": ["300", integer],
  timeout: ["0", integer],
  "tracking-table-max-keys": ["1000000", integer],
  "zset-max-listpack-entries": ["128", integer],
  "zset-max-listpack-value": ["64", integer],
  "zset-max-ziplist-entries": ["128", integer],
  "zset-max-ziplist-value": ["64", integer],
};

/** The parameters of one server. */
export class Config {
  readonly #values = new Map(
    Object.entries(PARAMETERS).map(([name, [value]]) => [name, value]),
  );
  /** Checks in place of those above, by those that the value matters to. */
  readonly #checks = new Map<string, ConfigCheck>();
  readonly #onChange = new Map<string, (value: string) => void>();

  /** The value of a parameter that exists. */
  get(name: string): string {
    return this.#values.get(name)!;
  }

  /** Names with values of the parameters that match a pattern. */
  matching(pattern: string): [string, string][] {
    const matches = glob(pattern.slice(0, MAX_PATTERN_LENGTH).toLowerCase());
    return [...this.#values].filter(([name]) => matches(name));
  }

  /** True if there is such a parameter. */
  has(name: string): boolean {
    return this.#values.has(name);
  }

  /** The value of a parameter in the form that is shown; undefined if it is invalid. */
  check(name: string, value: string): string | undefined {
    return (this.#checks.get(name) ?? PARAMETERS[name][1])(value);
  }

  /** Sets a parameter to a value that was checked. */
  set(name: string, value: string): void {
    this.#values.set(name, value);
    this.#onChange.get(name)?.(value);
  }

  /** Tells a part of the server that a parameter has changed. */
  onChange(name: string, apply: (value: string) => void, check?: ConfigCheck): void {
    this.#onChange.set(name, apply);
    if (check !== undefined) this.#checks.set(name, check);
  }
}
