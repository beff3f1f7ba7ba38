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

export { AgentBackend } from "./testing/agent_backend.ts";
export { type FixtureTest, withFixture } from "./testing/fixture.ts";
export {
  MessagingTestHelper,
  SharedMemoryTestHelper,
  SocketMessagingTestHelper,
} from "./testing/helper.ts";
export {
  MessageCollector,
  waitForMessages,
  type WaitForMessagesOptions,
} from "./testing/messages.ts";
export { MessagingConfigFixture } from "./testing/messaging_config.ts";
export { NotInstalledError } from "./testing/not_installed.ts";
export type { RedisReply } from "./testing/redis_command.ts";
export {
  type RedisCluster,
  redisCluster,
  type RedisClusterOptions,
} from "./testing/redis_cluster.ts";
export type { RedisServerOptions } from "./testing/redis_config.ts";
export { type RedisServer, redisServer } from "./testing/redis_server.ts";
export {
  DistributedTestScenario,
  type DistributedTestScenarioOptions,
} from "./testing/scenario.ts";
export {
  sharedMemoryServer,
  type SharedMemoryServerFixture,
  sharedMessagingBackend,
  SharedMessagingBackendFixture,
  sharedMessagingConfig,
  withSharedMemoryServer,
  withSharedMessagingBackend,
} from "./testing/shared_memory.ts";
export {
  socketMessagingBackend,
  SocketMessagingBackendFixture,
  socketMessagingConfig,
  socketMessagingServer,
  type SocketMessagingServerFixture,
  withEmbeddedServer,
  withSocketMessagingBackend,
} from "./testing/socket_messaging.ts";
export { SteppableClock } from "./testing/steppable_clock.ts";
