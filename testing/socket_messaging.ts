/**
 * Fixtures of the TCP server and of backends on it.
 *
 * @module
 */

import { checkNoMore } from "../lib/base/checks.ts";
import { OptionRules } from "../lib/base/option_rules.ts";
import { EmbeddedMessagingBackend } from "../backends/tcp/client/backend.ts";
import {
  type EmbeddedMessagingBackendOptions,
  OPTION_CHECKS,
} from "../backends/tcp/client/options.ts";
import { createEmbeddedMessagingConfig } from "../backends/tcp/client/config.ts";
import { type EmbeddedServerOptions, SERVER_OPTIONS } from "../backends/tcp/server/options.ts";
import { EmbeddedServer } from "../backends/tcp/server/server.ts";
import { type FixtureTest, withFixture } from "./fixture.ts";
import { MessagingConfigFixture } from "./messaging_config.ts";

/** A TCP server that listens on a free port of the loopback address. */
export interface SocketMessagingServerFixture extends AsyncDisposable {
  /** The server. */
  readonly server: EmbeddedServer;
  /** Its port. */
  readonly port: number;
}

const { port: _port, autoStartServer: _autoStart, ...CHECKS } = OPTION_CHECKS;
const OPTIONS = new OptionRules<Omit<EmbeddedMessagingBackendOptions, "port" | "autoStartServer">>(
  "new SocketMessagingBackendFixture()",
  CHECKS,
);

/** A backend that owns its TCP server. */
export class SocketMessagingBackendFixture extends EmbeddedMessagingBackend {
  /** The server, for more backends on it. */
  readonly server: SocketMessagingServerFixture;

  /** Makes a backend that owns a server. */
  constructor(
    server: SocketMessagingServerFixture,
    options: Omit<EmbeddedMessagingBackendOptions, "port" | "autoStartServer">,
  ) {
    checkNoMore("new SocketMessagingBackendFixture()", arguments, 2);
    OPTIONS.require(options);
    super({ ...options, port: server.port, autoStartServer: false });
    this.server = server;
  }

  /** Closes the backend, and stops the server. */
  protected override async close(): Promise<void> {
    await super.close();
    await this.server[Symbol.asyncDispose]();
  }
}

/**
 * Starts a TCP server in this thread. Takes the options of `EmbeddedServer`. Default: a free port.
 *
 * @example
 * ```ts
 * import { socketMessagingServer } from "@ringbus/ringbus/testing";
 *
 * await using fixture = await socketMessagingServer();
 * console.log(fixture.port > 0, fixture.server.isRunning); // true true
 * ```
 */
export async function socketMessagingServer(
  options: EmbeddedServerOptions = {},
): Promise<SocketMessagingServerFixture> {
  checkNoMore("socketMessagingServer()", arguments, 1);
  SERVER_OPTIONS.check(options);
  const server = new EmbeddedServer({ port: 0, ...options });
  const port = await server.start();
  return { server, port, [Symbol.asyncDispose]: () => server.stop() };
}

/**
 * Starts a TCP server, and names it in a configuration.
 *
 * @example
 * ```ts
 * import { socketMessagingConfig } from "@ringbus/ringbus/testing";
 *
 * await using config = await socketMessagingConfig();
 * await using backend = await config.createBackend();
 * console.log(await backend.getMessagesForTopic("empty")); // []
 * ```
 */
export async function socketMessagingConfig(
  options: EmbeddedServerOptions = {},
): Promise<MessagingConfigFixture<SocketMessagingServerFixture>> {
  checkNoMore("socketMessagingConfig()", arguments, 1);
  const server = await socketMessagingServer(options);
  const { port } = server;
  const { token } = options;
  const init = createEmbeddedMessagingConfig({ port, token, autoStartServer: false });
  return new MessagingConfigFixture(init, server);
}

/**
 * Starts a TCP server with a backend on it.
 *
 * @example
 * ```ts
 * import { socketMessagingBackend } from "@ringbus/ringbus/testing";
 *
 * await using backend = await socketMessagingBackend();
 * await backend.testConnection();
 * console.log(await backend.getMessagesForTopic("empty")); // []
 * ```
 */
export async function socketMessagingBackend(
  options: EmbeddedServerOptions = {},
): Promise<SocketMessagingBackendFixture> {
  checkNoMore("socketMessagingBackend()", arguments, 1);
  const server = await socketMessagingServer(options);
  return new SocketMessagingBackendFixture(server, { token: options.token });
}

/** Wraps a test's body that works with a TCP server. */
export function withEmbeddedServer(
  test: FixtureTest<SocketMessagingServerFixture>,
  options: EmbeddedServerOptions = {},
): (t: Deno.TestContext) => Promise<void> {
  checkNoMore("withEmbeddedServer()", arguments, 2);
  SERVER_OPTIONS.check(options);
  return withFixture(() => socketMessagingServer(options), test);
}

/** Wraps a test's body that works with a backend on a TCP server. */
export function withSocketMessagingBackend(
  test: FixtureTest<SocketMessagingBackendFixture>,
  options: EmbeddedServerOptions = {},
): (t: Deno.TestContext) => Promise<void> {
  checkNoMore("withSocketMessagingBackend()", arguments, 2);
  SERVER_OPTIONS.check(options);
  return withFixture(() => socketMessagingBackend(options), test);
}
