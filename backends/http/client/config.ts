/**
 * Configurations of backends on an HTTP server.
 *
 * @module
 */

import type { MessagingConfigInit } from "../../messaging/config.ts";
import type { SharedMemoryMessagingBackendOptions } from "./options.ts";

/** Options of a backend that can stand in a configuration. */
export type SharedMessagingOptions = Omit<SharedMemoryMessagingBackendOptions, "onHandlerError">;

/**
 * What `MessagingConfig` takes for a backend on an HTTP server; without a `serverUrl`, each backend starts
 * a server of its own.
 *
 * @example
 * ```ts
 * import { createSharedMessagingConfig } from "@ringbus/ringbus/http";
 *
 * const config = createSharedMessagingConfig({ serverUrl: "http://localhost:8080" });
 * console.log(config.backendClass); // SharedMemoryMessagingBackend
 * ```
 */
export function createSharedMessagingConfig(
  options: SharedMessagingOptions = {},
): MessagingConfigInit {
  return {
    backendModule: "./http",
    backendClass: "SharedMemoryMessagingBackend",
    backendConfig: { ...options },
  };
}
