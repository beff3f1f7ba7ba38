/**
 * Shared state for agents: context buffers and a thread registry, in one process or in many.
 *
 * @example
 * ```ts
 * import { getSharedBackend, resetSharedBackend, serializeSlot } from "@ringbus/ringbus/state";
 *
 * const backend = await getSharedBackend();
 * await backend.bufferAppend("thread-1", serializeSlot({ role: "user", text: "hello" }));
 * console.log(await backend.bufferThreadLen("thread-1")); // 1
 * await resetSharedBackend();
 * ```
 *
 * @module
 */

export type {
  BackendConfig,
  BackendType,
  RedisConnectionOptions,
  RedisTlsOptions,
  StateOptions,
} from "./config.ts";
export {
  type DefinedSlots,
  defineSlots,
  type SlotDefinition,
  type SlotsDefinition,
  type SlotsOnAny,
} from "./define_slots.ts";
export {
  SharedBackendClosedError,
  SharedBackendConnectionError,
  SharedBackendError,
  SharedBackendLimitError,
  SlotSerializationError,
} from "./errors.ts";
export { InMemoryBackend, type InMemoryBackendOptions } from "./memory.ts";
export type { SharedBackendInfo } from "./info.ts";
export { ManagerBackend, type ManagerBackendOptions } from "./manager/backend.ts";
export { RedisBackend, type RedisBackendOptions } from "./redis/backend.ts";
export { RemoteBackend } from "./remote_backend.ts";
export { getSharedBackend, resetSharedBackend } from "./singleton.ts";
export { ShmBackend, type ShmBackendOptions } from "./shm/backend.ts";
export { deserializeSlot, serializeSlot, type SlotPlace } from "./slots.ts";
export { SyncBackend } from "./sync_backend.ts";
export type { StateClock } from "./table.ts";
export type { SharedBackend, SyncSharedBackend } from "./types.ts";
