/**
 * A server and backends on it, which start at their first use.
 *
 * @module
 */

import { checkNoMore } from "../lib/base/checks.ts";
import { SharedMemoryMessagingBackend } from "../backends/http/client/backend.ts";
import type { MessagingBackend } from "../backends/messaging/backend.ts";
import { EmbeddedMessagingBackend } from "../backends/tcp/client/backend.ts";
import { sharedMemoryServer, type SharedMemoryServerFixture } from "./shared_memory.ts";
import { socketMessagingServer, type SocketMessagingServerFixture } from "./socket_messaging.ts";

/** Base of the helpers. */
export abstract class MessagingTestHelper<S extends AsyncDisposable, B extends MessagingBackend>
  implements AsyncDisposable {
  readonly #resources = new AsyncDisposableStack();
  #server: Promise<S> | undefined;
  #backend: Promise<B> | undefined;

  /** Starts a server. */
  protected abstract startServer(): Promise<S>;
  /** Makes a backend on it. */
  protected abstract makeBackend(server: S): B;

  /** The server, started by the first call. */
  async getServer(): Promise<S> {
    checkNoMore("getServer()", arguments, 0);
    return await (this.#server ??= this.#own(this.startServer()));
  }

  /** The backend, the same for each call. */
  async getBackend(): Promise<B> {
    checkNoMore("getBackend()", arguments, 0);
    return await (this.#backend ??= this.createBackend());
  }

  /** Creates another backend on the same server. */
  async createBackend(): Promise<B> {
    checkNoMore("createBackend()", arguments, 0);
    const server = await this.getServer();
    return this.#resources.use(this.makeBackend(server));
  }

  async #own(starting: Promise<S>): Promise<S> {
    return this.#resources.use(await starting);
  }

  /** Closes all backends, then the server. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.allSettled([this.#server, this.#backend]);
    await this.#resources.disposeAsync();
  }
}

/**
 * An HTTP server with backends on it.
 *
 * @example
 * ```ts
 * import { SharedMemoryTestHelper } from "@ringbus/ringbus/testing";
 *
 * await using helper = new SharedMemoryTestHelper();
 * const [one, other] = [await helper.getBackend(), await helper.createBackend()];
 * await one.set("greeting", "hello");
 * console.log(await other.get("greeting")); // hello
 * ```
 */
export class SharedMemoryTestHelper
  extends MessagingTestHelper<SharedMemoryServerFixture, SharedMemoryMessagingBackend> {
  /** Starts an HTTP server. */
  protected override startServer(): Promise<SharedMemoryServerFixture> {
    return sharedMemoryServer();
  }

  /** Makes a backend on it. */
  protected override makeBackend({ url }: SharedMemoryServerFixture): SharedMemoryMessagingBackend {
    return new SharedMemoryMessagingBackend({ serverUrl: url });
  }
}

/**
 * A TCP server with backends on it.
 *
 * @example
 * ```ts
 * import { SocketMessagingTestHelper } from "@ringbus/ringbus/testing";
 *
 * await using helper = new SocketMessagingTestHelper();
 * const backend = await helper.getBackend();
 * console.log(await backend.getMessagesForTopic("empty")); // []
 * ```
 */
export class SocketMessagingTestHelper
  extends MessagingTestHelper<SocketMessagingServerFixture, EmbeddedMessagingBackend> {
  /** Starts a TCP server. */
  protected override startServer(): Promise<SocketMessagingServerFixture> {
    return socketMessagingServer();
  }

  /** Makes a backend on it. */
  protected override makeBackend({ port }: SocketMessagingServerFixture): EmbeddedMessagingBackend {
    return new EmbeddedMessagingBackend({ port, autoStartServer: false });
  }
}
