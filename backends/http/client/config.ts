/**
 * Configurations of backends on an HTTP server.
 *
 * @module
 */

import { checkNoMore } from "../../../lib/base/checks.ts";
import type { MessagingConfigInit } from "../../messaging/config.ts";
import { CONFIG_OPTIONS, type SharedMessagingOptions } from "./options.ts";

/**
 * Makes a configuration for `MessagingConfig` of a backend on an HTTP server. Without a `serverUrl`, each
 * backend starts a server of its own.
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
  checkNoMore("createSharedMessagingConfig()", arguments, 1);
  CONFIG_OPTIONS.check(options);
  return {
    backendModule: "./http",
    backendClass: "SharedMemoryMessagingBackend",
    backendConfig: { ...options },
  };
}
