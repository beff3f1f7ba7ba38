/**
 * The shared backend of a process.
 *
 * @module
 */

import { checkNoMore } from "../../lib/base/checks.ts";
import { oneOf, text, wholeNumber } from "../../lib/base/option_checks.ts";
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
import {
  CONNECTION_CHECKS,
  connectionOptionsOf,
  NAMES_ELSEWHERE,
} from "../../lib/base/redis_options.ts";
import { InMemoryBackend } from "./memory.ts";
import { REDIS } from "./redis/url.ts";
import { describeDifference, differingField, meaningOf } from "./same_config.ts";
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
  redis: async (config) => {
    const { RedisBackend } = await import("./redis/backend.ts");
    const { redisUrl, redisPrefix, redisTtl, redisMinReplicas } = config;
    const { maxSlotsPerThread, maxThreads } = config;
    const limits = { maxSlotsPerThread, maxThreads };
    const own = { redisUrl, redisPrefix, redisTtl, redisMinReplicas };
    const options = { ...own, ...connectionOptionsOf(config), ...limits };
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
  ...CONNECTION_CHECKS,
  redisPrefix: text,
  redisTtl: checkTtl,
  redisMinReplicas: wholeNumber(0),
  managerAddress: checkAddress,
  managerAuthkey: checkAuthkey,
  shmName: text,
  ...STATE_CHECKS,
}, NAMES_ELSEWHERE);

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
 * @throws {TypeError} if a backend with another configuration is open, or an option is unknown.
 *   Configurations that mean the same are the same: defaults may be written out, and `redis://host` is
 *   `redis://host:6379/0`
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
  checkNoMore("getSharedBackend()", arguments, 1);
  CONFIG.check(config);
  if (current === undefined) return await open(config ?? {});
  const { backend, config: existing } = current;
  if (config !== undefined) {
    checkSame(existing.backendType === "shm" ? await actual(existing, backend) : existing, config);
  }
  return await backend;
}

async function open(config: BackendConfig): Promise<SharedBackend> {
  const opener = OPENERS[config.backendType ?? "memory"];
  const opened = { config: structuredClone(config), backend: Promise.try(opener, config) };
  current = opened;
  try {
    return await opened.backend;
  } catch (error) {
    if (current === opened) current = undefined;
    throw error;
  }
}

/** A configuration with the limits that the state has: in shared memory its first backend chose them. */
async function actual(
  config: BackendConfig,
  backend: Promise<SharedBackend>,
): Promise<BackendConfig> {
  const { maxSlotsPerThread, maxThreads, ttlSeconds } = await (await backend).info();
  return { ...config, maxSlotsPerThread, maxThreads, ttlSeconds };
}

function checkSame(existing: BackendConfig, asked: BackendConfig): void {
  // A backend in shared memory takes the limits that it does not name from the state.
  const { maxSlotsPerThread, maxThreads, ttlSeconds } = existing;
  const inherited = asked.backendType === "shm" && existing.backendType === "shm"
    ? { maxSlotsPerThread, maxThreads, ttlSeconds }
    : {};
  const given = Object.entries(asked).filter(([, value]) => value !== undefined);
  const whole: BackendConfig = { ...inherited, ...Object.fromEntries(given) };
  const key = differingField(
    meaningOf(existing, REDIS),
    meaningOf(whole, REDIS),
  );
  if (key === undefined) return;
  throw new TypeError(
    `cannot get a shared backend with another ${key}: this process has one already` +
      `${
        describeDifference(key, existing, whole, REDIS)
      }; use it, or call resetSharedBackend() first`,
  );
}

/** Closes the shared backend of this process. The next `getSharedBackend` opens another one. */
export async function resetSharedBackend(): Promise<void> {
  const ended = current;
  current = undefined;
  const backend = await ended?.backend.catch(() => undefined);
  await backend?.close();
}
