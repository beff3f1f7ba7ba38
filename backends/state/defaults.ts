/**
 * The defaults of a configuration that several files use.
 *
 * @module
 */

export const DEFAULT_REDIS_URL = "redis://localhost:6379";
export const DEFAULT_REDIS_PREFIX = "xp:";
export const DEFAULT_REDIS_TTL_SECONDS = 86_400;
export const DEFAULT_MANAGER_ADDRESS: readonly [host: string, port: number] = ["127.0.0.1", 31135];
export const DEFAULT_SHM_NAME = "state";
