/**
 * Fixtures of the HTTP server and of backends on it.
 *
 * @module
 */

import { checkNoMore } from "../lib/base/checks.ts";
import { OptionRules } from "../lib/base/option_rules.ts";
import { SharedMemoryMessagingBackend } from "../backends/http/client/backend.ts";
import { createSharedMessagingConfig } from "../backends/http/client/config.ts";
import {
  OPTION_CHECKS,
  type SharedMemoryMessagingBackendOptions,
} from "../backends/http/client/options.ts";
import {
  SERVER_OPTIONS,
  SharedMemoryServer,
  type SharedMemoryServerOptions,
} from "../backends/http/server/server.ts";
import { type FixtureTest, withFixture } from "./fixture.ts";
import { MessagingConfigFixture } from "./messaging_config.ts";

/** An HTTP server that listens on a free port of the loopback address. */
export interface SharedMemoryServerFixture extends AsyncDisposable {
  /** The server. */
  readonly server: SharedMemoryServer;
  /** Its URL. */
  readonly url: string;
}

const { serverUrl: _serverUrl, ...CHECKS } = OPTION_CHECKS;
const OPTIONS = new OptionRules<Omit<SharedMemoryMessagingBackendOptions, "serverUrl">>(
  "new SharedMessagingBackendFixture()",
  CHECKS,
);

/** A backend that owns its HTTP server. */
export class SharedMessagingBackendFixture extends SharedMemoryMessagingBackend {
  /** The server, for more backends on it. */
  readonly server: SharedMemoryServerFixture;

  /** Makes a backend that owns a server. */
  constructor(
    server: SharedMemoryServerFixture,
    options: Omit<SharedMemoryMessagingBackendOptions, "serverUrl">,
  ) {
    checkNoMore("new SharedMessagingBackendFixture()", arguments, 2);
    OPTIONS.require(options);
    super({ ...options, serverUrl: server.url });
    this.server = server;
  }

  /** Closes the backend, and stops the server. */
  protected override async close(): Promise<void> {
    await super.close();
    await this.server[Symbol.asyncDispose]();
  }
}

/**
 * Starts an HTTP server in this thread, on a free port. Takes the options of `SharedMemoryServer`.
 *
 * @example
 * ```ts
 * import { sharedMemoryServer } from "@ringbus/ringbus/testing";
 *
 * await using fixture = await sharedMemoryServer();
 * const response = await fetch(`${fixture.url}/health`);
 * console.log(await response.json()); // { status: "healthy" }
 * ```
 */
export async function sharedMemoryServer(
  options: SharedMemoryServerOptions = {},
): Promise<SharedMemoryServerFixture> {
  checkNoMore("sharedMemoryServer()", arguments, 1);
  const server = new SharedMemoryServer(options);
  const url = await server.start();
  return { server, url, [Symbol.asyncDispose]: () => server.stop() };
}

/**
 * Starts an HTTP server, and names it in a configuration.
 *
 * @example
 * ```ts
 * import { sharedMessagingConfig } from "@ringbus/ringbus/testing";
 *
 * await using config = await sharedMessagingConfig();
 * await using backend = await config.createBackend();
 * console.log(await backend.getMessagesForTopic("empty")); // []
 * ```
 */
export async function sharedMessagingConfig(
  options: SharedMemoryServerOptions = {},
): Promise<MessagingConfigFixture<SharedMemoryServerFixture>> {
  checkNoMore("sharedMessagingConfig()", arguments, 1);
  const server = await sharedMemoryServer(options);
  const init = createSharedMessagingConfig({ serverUrl: server.url, token: options.token });
  return new MessagingConfigFixture(init, server);
}

/**
 * Starts an HTTP server with a backend on it.
 *
 * @example
 * ```ts
 * import { sharedMessagingBackend } from "@ringbus/ringbus/testing";
 *
 * await using backend = await sharedMessagingBackend();
 * await backend.set("greeting", "hello");
 * console.log(await backend.get("greeting")); // hello
 * ```
 */
export async function sharedMessagingBackend(
  options: SharedMemoryServerOptions = {},
): Promise<SharedMessagingBackendFixture> {
  checkNoMore("sharedMessagingBackend()", arguments, 1);
  const server = await sharedMemoryServer(options);
  return new SharedMessagingBackendFixture(server, { token: options.token });
}

/** Wraps a test's body that works with an HTTP server. */
export function withSharedMemoryServer(
  test: FixtureTest<SharedMemoryServerFixture>,
  options: SharedMemoryServerOptions = {},
): (t: Deno.TestContext) => Promise<void> {
  checkNoMore("withSharedMemoryServer()", arguments, 2);
  SERVER_OPTIONS.check(options);
  return withFixture(() => sharedMemoryServer(options), test);
}

/** Wraps a test's body that works with a backend on an HTTP server. */
export function withSharedMessagingBackend(
  test: FixtureTest<SharedMessagingBackendFixture>,
  options: SharedMemoryServerOptions = {},
): (t: Deno.TestContext) => Promise<void> {
  checkNoMore("withSharedMessagingBackend()", arguments, 2);
  SERVER_OPTIONS.check(options);
  return withFixture(() => sharedMessagingBackend(options), test);
}
