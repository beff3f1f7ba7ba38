/**
 * A Redis server for a test, in the process of the test.
 *
 * @module
 */

import { checkNoMore } from "../lib/base/checks.ts";
import type { Clock } from "../lib/base/clock.ts";
import { OptionRules } from "../lib/base/option_rules.ts";
import { formatValue } from "../lib/base/options.ts";
import { checkUsers, checkVersion } from "../backends/resp/server/options.ts";
import type { RedisFaults } from "../backends/resp/engine/faults.ts";
import type { ReplyValue } from "../backends/resp/server/local_client.ts";
import { checkClock } from "../lib/base/clock_option.ts";
import { textOfBytes } from "../backends/store/byte_string.ts";
import { checkLimit } from "../backends/store/limits.ts";
import { EmbeddedServer } from "../backends/tcp/server/server.ts";
import { type KeySnapshot, snapshotOf } from "./redis_snapshot.ts";

const HOST = "127.0.0.1";
/** Most bytes of an argument, as in Redis. */
const MAX_ARGUMENT_BYTES = 512 * 2 ** 20;
/** Most commands that are remembered. */
const MAX_COMMANDS = 100_000;

/** Options of `embeddedRedis()`. */
export interface EmbeddedRedisOptions {
  /** The clock, such as a `SteppableClock`. Default: that of the machine. */
  clock?: Clock | (() => number);
  /** Passwords by the names of users. Default: everybody is let in. */
  users?: Record<string, string>;
  /** Version of Redis that it reports. Commands that came later are unknown. Default: `"7.4.0"`. */
  version?: string;
  /** Most bytes of keys. Default: no limit. */
  maxBytes?: number;
}

const OPTIONS = new OptionRules<EmbeddedRedisOptions>("embeddedRedis()", {
  clock: checkClock,
  users: checkUsers,
  version: checkVersion,
  maxBytes: checkLimit,
});

/**
 * Starts a server that speaks RESP on a free port of the loopback address. It runs in this thread, keeps
 * everything in memory, and is ready in a few milliseconds. Disposing the value stops it.
 *
 * @example
 * ```ts
 * import { embeddedRedis, SteppableClock } from "@ringbus/ringbus/testing";
 *
 * const clock = new SteppableClock();
 * await using redis = await embeddedRedis({ clock });
 * redis.seed([["SET", "session", "open", "EX", 60]]);
 * console.log(redis.url, redis.dump()); // redis://127.0.0.1:... { session: { ... } }
 * clock.advance({ seconds: 60 });
 * console.log(redis.dump()); // {}
 * ```
 */
export async function embeddedRedis(options: EmbeddedRedisOptions = {}): Promise<EmbeddedRedis> {
  checkNoMore("embeddedRedis()", arguments, 1);
  OPTIONS.check(options);
  const { clock, users, version, maxBytes } = options;
  const server = new EmbeddedServer({
    host: HOST,
    port: 0,
    idleTimeoutMs: Infinity,
    maxLineBytes: MAX_ARGUMENT_BYTES,
    redis: {
      isOnly: true,
      ...(users === undefined ? {} : { users }),
      ...(version === undefined ? {} : { version }),
    },
    ...(clock === undefined ? {} : { clock }),
    ...(maxBytes === undefined ? {} : { maxBytes }),
  });
  await server.start();
  return new EmbeddedRedis(server);
}

/** A server that `embeddedRedis()` has started. */
export class EmbeddedRedis implements AsyncDisposable {
  readonly #server: EmbeddedServer;
  #commands: string[][] = [];

  /** Watches a server that was started. */
  constructor(server: EmbeddedServer) {
    this.#server = server;
    server.resp.service.onCommand = (words) => {
      if (this.#commands.length < MAX_COMMANDS) this.#commands.push(words.map(textOfBytes));
    };
  }

  /** Where it listens: the address of the loopback interface. */
  get host(): string {
    return HOST;
  }

  /** The port. */
  get port(): number {
    return this.#server.port;
  }

  /** The address for clients, without a password. */
  get url(): string {
    return `redis://${HOST}:${this.port}`;
  }

  /** Its clock: the one in the options, or that of the machine. */
  get clock(): Clock {
    return this.#server.clock;
  }

  /** Faults that happen to commands of its clients. */
  get faults(): RedisFaults {
    return this.#server.faults;
  }

  /** The server, for its statistics and its store. */
  get server(): EmbeddedServer {
    return this.#server;
  }

  /**
   * Executes a command of the test, and returns its reply. Throws an `Error` for an error reply.
   *
   * @throws {TypeError} if there is no word, or one is neither a text nor a number
   * @throws {Error} if the server is stopped
   */
  command(...words: (string | number)[]): ReplyValue {
    const checked = checkWords("command()", words);
    this.#checkRunning("command()");
    return this.#server.resp.local.call(checked);
  }

  #checkRunning(call: string): void {
    if (this.#server.isRunning) return;
    throw new Error(`cannot execute ${call}: the server is stopped; start another one`);
  }

  /**
   * Executes commands that fill it. Throws an `Error` for an error reply.
   *
   * @throws {TypeError} if one of them is no array of texts and numbers; then none is executed
   */
  seed(commands: readonly (readonly (string | number)[])[]): void {
    checkNoMore("seed()", arguments, 1);
    if (!Array.isArray(commands)) {
      throw new TypeError(`seed() takes an array of commands, not ${formatValue(commands)}`);
    }
    for (const words of commands) checkWords("a command of seed()", words);
    this.#checkRunning("seed()");
    for (const words of commands) this.#server.resp.local.call(words);
  }

  /** Deletes all keys, and forgets the commands and the faults. */
  flush(): void {
    checkNoMore("flush()", arguments, 0);
    this.#checkRunning("flush()");
    this.#server.resp.local.call(["FLUSHALL"]);
    this.#server.faults.clear();
    this.#commands = [];
  }

  /** The keys of the first database with their values, sorted by key: for comparisons and snapshots. */
  dump(): Record<string, KeySnapshot> {
    checkNoMore("dump()", arguments, 0);
    this.#checkRunning("dump()");
    return snapshotOf((words) => this.#server.resp.local.call(words));
  }

  /** The commands that clients have sent since the start or `flush()`, at most 100,000; as texts. */
  commands(): readonly (readonly string[])[] {
    checkNoMore("commands()", arguments, 0);
    return this.#commands;
  }

  /** How often clients sent commands that this server does not have, by their names. */
  unknownCommands(): Record<string, number> {
    checkNoMore("unknownCommands()", arguments, 0);
    return Object.fromEntries(this.#server.resp.service.stats.unknown);
  }

  /** Stops the server, and closes the connections of its clients. */
  async stop(): Promise<void> {
    await this.#server.stop({ graceMs: 0 });
  }

  /** The same as `stop()`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}

function checkWords(what: string, words: unknown): (string | number)[] {
  if (!Array.isArray(words) || words.length === 0) {
    const given = Array.isArray(words) ? "none" : formatValue(words);
    throw new TypeError(`${what} takes words, such as "SET", "key", "value", not ${given}`);
  }
  const wrong = words.findIndex((word) => !isWord(word));
  if (wrong < 0) return words;
  throw new TypeError(
    `the words of ${what} must be texts or numbers, not ${formatValue(words[wrong])}`,
  );
}

function isWord(word: unknown): boolean {
  return typeof word === "string" || typeof word === "number" && !Number.isNaN(word);
}
