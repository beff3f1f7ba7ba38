/**
 * Fixtures for tests: real servers as `await using` values.
 *
 * They need `redis-server` 7 and `setpriv` on the path. A server dies with the process, or the worker, that started it,
 * also when that is killed.
 *
 * @example
 * ```ts
 * import { redisServer } from "@ringbus/ringbus/testing";
 *
 * await using server = await redisServer();
 * await server.command("SET", "greeting", "hello");
 * console.log(server.url, await server.command("GET", "greeting")); // ... hello
 * ```
 *
 * @module
 */

export { NotInstalledError } from "./testing/not_installed.ts";
export type { RedisReply } from "./testing/redis_command.ts";
export {
  type RedisCluster,
  redisCluster,
  type RedisClusterOptions,
} from "./testing/redis_cluster.ts";
export type { RedisServerOptions } from "./testing/redis_config.ts";
export { type RedisServer, redisServer } from "./testing/redis_server.ts";
