/**
 * A configuration of messaging backends, with the server that it names.
 *
 * @module
 */

import type { MessagingConfigInit } from "../backends/messaging/config.ts";
import { MessagingConfig } from "../backends/messaging_config.ts";

/** A configuration whose server ends with it. */
export class MessagingConfigFixture<S extends AsyncDisposable> extends MessagingConfig
  implements AsyncDisposable {
  /** The server that backends of this configuration talk to. */
  readonly server: S;

  /** Takes over a server. */
  constructor(init: MessagingConfigInit, server: S) {
    super(init);
    this.server = server;
  }

  /** Stops the server. Close what `createBackend` made before. */
  [Symbol.asyncDispose](): PromiseLike<void> {
    return this.server[Symbol.asyncDispose]();
  }
}
