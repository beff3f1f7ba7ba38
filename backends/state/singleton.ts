/**
 * The shared backend of a process.
 *
 * @module
 */

import { oneOf, text } from "../../lib/base/option_checks.ts";
import { OptionRules } from "../../lib/base/option_rules.ts";
import {
  type BackendConfig,
  type BackendType,
  checkAddress,
  checkAuthkey,
  checkTtl,
  STATE_CHECKS,
  type StateOptions,
} from "./config.ts";
import { InMemoryBackend } from "./memory.ts";
import type { SharedBackend } from "./types.ts";

/** Opens a backend. Rejects if its server cannot be reached. */
type Opener = (config: BackendConfig) => SharedBackend | Promise<SharedBackend>;

/**
 * How each type is opened, with the options of its own: a configuration may have those of other types
 * too. A module is loaded when a configuration needs it.
 */
const OPENERS: Record<BackendType, Opener> = {
  memory: (config) => new InMemoryBackend(stateOptions(config)),
  manager: async ({ managerAddress, managerAuthkey, ...config }) => {
    const { ManagerBackend } = await import("./manager/backend.ts");
    const options = { ...stateOptions(config), managerAddress, managerAuthkey: managerAuthkey! };
    return await connected(new ManagerBackend(options));
  },
  redis: async ({ redisUrl, redisPrefix, redisTtl, maxSlotsPerThread, maxThreads }) => {
    const { RedisBackend } = await import("./redis/backend.ts");
    const options = { redisUrl, redisPrefix, redisTtl, maxSlotsPerThread, maxThreads };
    return await connected(new RedisBackend(options));
  },
  shm: async ({ shmName, ...config }) => {
    const { ShmBackend } = await import("./shm/backend.ts");
    return new ShmBackend({ ...stateOptions(config), shmName });
  },
};
const TYPES = Object.keys(OPENERS) as BackendType[];

const CONFIG = new OptionRules<BackendConfig>("getSharedBackend()", {
  backendType: oneOf(...TYPES),
  redisUrl: text,
  redisPrefix: text,
  redisTtl: checkTtl,
  managerAddress: checkAddress,
  managerAuthkey: checkAuthkey,
  shmName: text,
  ...STATE_CHECKS,
});

function stateOptions({ maxSlotsPerThread, maxThreads, ttlSeconds }: BackendConfig): StateOptions {
  return { maxSlotsPerThread, maxThreads, ttlSeconds };
}

/** Connects a backend, and closes it if that fails. */
async function connected<B extends SharedBackend & { connect(): Promise<void> }>(
  backend: B,
): Promise<B> {
  try {
    await backend.connect();
    return backend;
  } catch (error) {
    await backend.close();
    throw error;
  }
}

let current: { config: BackendConfig; backend: Promise<SharedBackend> } | undefined;

/**
 * The shared backend of this process. The first call opens it.
 *
 * @param config configuration of the backend. Default: the backend that is open, or one in memory
 * @throws {TypeError} if a backend with another configuration is open, or an option is unknown
 * @throws {SharedBackendConnectionError} if the server cannot be reached. The next call tries again
 *
 * @example
 * ```ts
 * import { getSharedBackend, resetSharedBackend } from "@ringbus/ringbus/state";
 *
 * const backend = await getSharedBackend({ backendType: "memory", maxThreads: 100 });
 * console.log(backend === await getSharedBackend()); // true
 * await resetSharedBackend();
 * ```
 */
export async function getSharedBackend(config?: BackendConfig): Promise<SharedBackend> {
  CONFIG.check(config);
  if (current === undefined) return await open(config ?? {});
  if (config !== undefined) checkSame(current.config, config);
  return await current.backend;
}

async function open(config: BackendConfig): Promise<SharedBackend> {
  const opener = OPENERS[config.backendType ?? "memory"];
  const opened = { config: { ...config }, backend: Promise.try(opener, config) };
  current = opened;
  try {
    return await opened.backend;
  } catch (error) {
    if (current === opened) current = undefined;
    throw error;
  }
}

function checkSame(existing: BackendConfig, asked: BackendConfig): void {
  const keys = new Set([...Object.keys(existing), ...Object.keys(asked)]) as Set<
    keyof BackendConfig
  >;
  for (const key of keys) {
    if (isSame(existing[key], asked[key])) continue;
    throw new TypeError(
      `cannot get a shared backend with another ${key}: this process has one already; use it, or ` +
        `call resetSharedBackend() first`,
    );
  }
}

/** Values of a configuration are scalars, or short lists of them. */
function isSame(a: unknown, b: unknown): boolean {
  if (!isList(a) || !isList(b)) return Object.is(a, b);
  return a.length === b.length && Array.prototype.every.call(a, (item, i) => item === b[i]);
}

function isList(value: unknown): value is ArrayLike<unknown> {
  return Array.isArray(value) || value instanceof Uint8Array;
}

/** Closes the shared backend of this process. The next `getSharedBackend` opens another one. */
export async function resetSharedBackend(): Promise<void> {
  const ended = current;
  current = undefined;
  const backend = await ended?.backend.catch(() => undefined);
  await backend?.close();
}
