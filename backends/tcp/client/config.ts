/**
 * Configurations of backends on a TCP server.
 *
 * @module
 */

import type { MessagingConfigInit } from "../../messaging/config.ts";
import type { EmbeddedAddress } from "./options.ts";

/**
 * What `MessagingConfig` takes for a backend on a TCP server. Unless `autoStartServer` is false, the first
 * backend that finds no server on its port starts one.
 *
 * @example
 * ```ts
 * import { createEmbeddedMessagingConfig, MessagingConfig } from "@ringbus/ringbus/tcp";
 *
 * const config = new MessagingConfig(createEmbeddedMessagingConfig({ autoStartServer: false }));
 * await config.validate();
 * console.log(config.backendClass); // EmbeddedMessagingBackend
 * ```
 */
export function createEmbeddedMessagingConfig(
  options: EmbeddedAddress = {},
): MessagingConfigInit {
  return {
    backendModule: "./tcp",
    backendClass: "EmbeddedMessagingBackend",
    backendConfig: { ...options },
  };
}
