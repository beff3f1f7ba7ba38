/**
 * Fixtures for tests: channels of a test's own, and real servers, as `await using` values.
 *
 * Those of Redis need `redis-server` 7 and `setpriv` on the path. A server dies with the process, or the worker, that started it,
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

export { AgentBackend } from "./agent_backend.ts";
export { type TestChannels, testChannels, type TestChannelsOptions } from "./channels.ts";
export { EmbeddedRedis, embeddedRedis, type EmbeddedRedisOptions } from "./embedded_redis.ts";
export type { Clock } from "../lib/base/clock.ts";
export {
  type FaultError,
  type FaultOptions,
  type InjectedFault,
  type RedisFault,
  RedisFaults,
} from "../backends/resp/engine/faults.ts";
export type { ReplyValue } from "../backends/resp/server/local_client.ts";
export type { KeySnapshot } from "./redis_snapshot.ts";
export { type FixtureTest, withFixture } from "./fixture.ts";
export {
  MessagingTestHelper,
  SharedMemoryTestHelper,
  SocketMessagingTestHelper,
} from "./helper.ts";
export { MessageCollector, waitForMessages, type WaitForMessagesOptions } from "./messages.ts";
export { MessagingConfigFixture } from "./messaging_config.ts";
export { NotInstalledError } from "./not_installed.ts";
export type { RedisReply } from "./redis_command.ts";
export { type RedisCluster, redisCluster, type RedisClusterOptions } from "./redis_cluster.ts";
export type { RedisServerOptions, RedisServerTls } from "./redis_config.ts";
export { type RedisSentinel, redisSentinel, type RedisSentinelOptions } from "./redis_sentinel.ts";
export { type RedisServer, redisServer } from "./redis_server.ts";
export { DistributedTestScenario, type DistributedTestScenarioOptions } from "./scenario.ts";
export {
  sharedMemoryServer,
  type SharedMemoryServerFixture,
  sharedMessagingBackend,
  SharedMessagingBackendFixture,
  sharedMessagingConfig,
  withSharedMemoryServer,
  withSharedMessagingBackend,
} from "./shared_memory.ts";
export {
  socketMessagingBackend,
  SocketMessagingBackendFixture,
  socketMessagingConfig,
  socketMessagingServer,
  type SocketMessagingServerFixture,
  withEmbeddedServer,
  withSocketMessagingBackend,
} from "./socket_messaging.ts";
export { type ClockStep, SteppableClock } from "./steppable_clock.ts";
export type { DeadlineOptions, TestProcess, TestProcessOptions } from "./test_process.ts";
