/**
 * Configurations of backends on a TCP server.
 *
 * @module
 */

import { checkNoMore } from "../../../lib/base/checks.ts";
import type { MessagingConfigInit } from "../../messaging/config.ts";
import { CONFIG_OPTIONS, type EmbeddedMessagingOptions } from "./options.ts";

/**
 * Makes a configuration for `MessagingConfig` of a backend on a TCP server. Unless `autoStartServer` is
 * false, a backend starts a server if none listens on its port.
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
  options: EmbeddedMessagingOptions = {},
): MessagingConfigInit {
  checkNoMore("createEmbeddedMessagingConfig()", arguments, 1);
  CONFIG_OPTIONS.check(options);
  return {
    backendModule: "./tcp",
    backendClass: "EmbeddedMessagingBackend",
    backendConfig: { ...options },
  };
}
