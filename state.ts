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

export type { BackendConfig, BackendType, StateOptions } from "./backends/state/config.ts";
export {
  SharedBackendClosedError,
  SharedBackendConnectionError,
  SharedBackendError,
  SharedBackendLimitError,
  SlotSerializationError,
} from "./backends/state/errors.ts";
export { InMemoryBackend, type InMemoryBackendOptions } from "./backends/state/memory.ts";
export { ManagerBackend, type ManagerBackendOptions } from "./backends/state/manager.ts";
export { RedisBackend, type RedisBackendOptions } from "./backends/state/redis.ts";
export { getSharedBackend, resetSharedBackend } from "./backends/state/shared.ts";
export { ShmBackend, type ShmBackendOptions } from "./backends/state/shm.ts";
export { deserializeSlot, serializeSlot, type SlotPlace } from "./backends/state/slots.ts";
export { SyncBackend } from "./backends/state/sync_backend.ts";
export type { StateClock } from "./backends/state/table.ts";
export type { SharedBackend, SyncSharedBackend } from "./backends/state/types.ts";
