/**
 * Shared state on a TCP server.
 *
 * @module
 */

import { checkNoMore } from "../../../lib/base/checks.ts";
import { addressText } from "../../hosting/endpoint.ts";
import { OptionRules } from "../../../lib/base/option_rules.ts";
import {
  checkAddress,
  checkAuthkey,
  resolveLimits,
  STATE_CHECKS,
  type StateOptions,
} from "../config.ts";
import { DEFAULT_MANAGER_ADDRESS } from "../defaults.ts";
import { RemoteBackend } from "../remote_backend.ts";
import type { ManagerAddress } from "./dialer.ts";

/** Options of the manager backend. */
export interface ManagerBackendOptions extends StateOptions {
  /** Host and port of the server. Default: `["127.0.0.1", 31135]`. */
  managerAddress?: readonly [host: string, port: number] | undefined;
  /** A secret of all clients of one state, such as 32 random bytes. It never travels over the network. */
  managerAuthkey: Uint8Array;
}

const OPTIONS = new OptionRules<ManagerBackendOptions>("new ManagerBackend()", {
  managerAddress: checkAddress,
  managerAuthkey: checkAuthkey,
  ...STATE_CHECKS,
});

/**
 * Shared state for processes that reach one TCP port. On `127.0.0.1` the first client starts the server
 * in a process of its own, which ends after its last client. On another host run an `EmbeddedServer` with
 * a `StateHost`. All clients of a state must have the same limits.
 *
 * Calls that do not wait for each other travel together, and run in their order. When the connection is
 * lost, the client repeats them for up to 30 seconds, and the server carries out none of them twice. When
 * the server ends, the state is lost: all calls fail, and a new backend starts with an empty state.
 * Starting a server needs `--allow-run`.
 *
 * @example
 * ```ts
 * import { ManagerBackend } from "@ringbus/ringbus/state";
 *
 * const managerAuthkey = crypto.getRandomValues(new Uint8Array(32));
 * await using backend = new ManagerBackend({
 *   managerAddress: ["127.0.0.1", 31_200],
 *   managerAuthkey,
 * });
 * console.log(await backend.bufferAppend("thread-1", Uint8Array.of(1, 2, 3))); // 0
 * console.log(await backend.bufferGetSlot("thread-1", 0)); // Uint8Array [ 1, 2, 3 ]
 * ```
 */
export class ManagerBackend extends RemoteBackend {
  /**
   * Prepares a backend, and does no input or output: `connect()`, or the first call, does. Both start the
   * server if there is none.
   *
   * @throws {TypeError} if an option is unknown, or the address or the key is invalid
   * @throws {RangeError} if a limit or the time to live is out of range
   */
  constructor(options: ManagerBackendOptions) {
    checkNoMore("new ManagerBackend()", arguments, 1);
    OPTIONS.require(options);
    const { managerAddress = DEFAULT_MANAGER_ADDRESS, managerAuthkey } = options;
    const [host, port] = managerAddress;
    const authkey = checkAuthkey("managerAuthkey", managerAuthkey);
    const limits = resolveLimits(options);
    const address: ManagerAddress = { host, port, authkey, limits };
    super(async () => {
      const { ManagerStateClient } = await import("./state_client.ts");
      return new ManagerStateClient(address);
    }, { backendType: "manager", address: addressText(host, port), limits });
  }
}
