/**
 * A configuration of messaging backends, with the server that it names.
 *
 * @module
 */

import type { MessagingConfigInit } from "../backends/messaging/config.ts";
import { MessagingConfig } from "../backends/messaging_config.ts";

/** A configuration that owns its server. */
export class MessagingConfigFixture<S extends AsyncDisposable> extends MessagingConfig
  implements AsyncDisposable {
  /** The server of the backends of this configuration. */
  readonly server: S;

  /** Makes a configuration that owns a server. */
  constructor(init: MessagingConfigInit, server: S) {
    super(init);
    this.server = server;
  }

  /** Stops the server. Close the backends of `createBackend` before. */
  [Symbol.asyncDispose](): PromiseLike<void> {
    return this.server[Symbol.asyncDispose]();
  }
}
