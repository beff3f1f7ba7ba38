/**
 * Shared state on a server of its own, for the processes that reach its port.
 *
 * @module
 */

import {
  bytesArgument,
  bytesOf,
  splitArguments,
  textArgument,
  textOf,
} from "../../tcp/protocol/arguments.ts";
import { resolveLimits, type StateOptions } from "../config.ts";
import { SharedBackendError, SharedBackendLimitError } from "../errors.ts";
import { LazyClient } from "../lazy_client.ts";
import type { ManagerAddress } from "./dialer.ts";
import { checkAuthkey } from "./handshake.ts";
import type { ManagerClient } from "./client.ts";
import { checkIndex, checkSlot, checkStateName } from "../validate.ts";
import type { SharedBackend } from "../types.ts";

const DEFAULT_ADDRESS = ["127.0.0.1", 31135] as const;

/** Options of the manager backend. */
export interface ManagerBackendOptions extends StateOptions {
  /** Host and port of the server; `["127.0.0.1", 31135]` when left out. */
  managerAddress?: readonly [host: string, port: number];
  /** What all clients of one state know, and nobody else: some random bytes. It never goes over the wire. */
  managerAuthkey: Uint8Array;
}

/**
 * Shared state for processes that reach one TCP port. The first of them on `127.0.0.1` starts the server,
 * as a process of its own that lives until its last client has closed or is gone, whoever that is; on
 * another host run an `EmbeddedServer` with a `StateHost`. All clients of a state have the same limits.
 *
 * Calls that do not wait for each other share writes, and are carried out in their order. When the
 * connection is lost, they are sent again for up to 30 seconds, and never done twice. When the server
 * ends, the state is gone: all calls fail from then on, until a new backend begins anew. Starting a
 * server needs `--allow-run`.
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
export class ManagerBackend implements SharedBackend {
  readonly #client: LazyClient<ManagerClient>;

  /**
   * Prepares a backend, and does no input or output: `connect()`, or the first call, does.
   *
   * @throws {TypeError} if the address or the key cannot be
   * @throws {RangeError} if a limit or the time to live cannot be
   */
  constructor(options: ManagerBackendOptions) {
    const { managerAddress = DEFAULT_ADDRESS, managerAuthkey } = options;
    const [host, port] = checkAddress(managerAddress);
    const authkey = checkAuthkey("managerAuthkey", managerAuthkey);
    const address: ManagerAddress = { host, port, authkey, limits: resolveLimits(options) };
    this.#client = new LazyClient("ManagerBackend", async () => {
      const { ManagerClient } = await import("./client.ts");
      return new ManagerClient(address);
    });
  }

  /**
   * Makes sure that the server can be reached, and starts it if there is none.
   *
   * @throws {SharedBackendConnectionError} if it cannot be reached, or refuses the key or the limits
   */
  async connect(): Promise<void> {
    await (await this.#client.get()).open();
  }

  async #request(...words: string[]): Promise<string[]> {
    return valuesOf(await (await this.#client.get()).request(words.join(" ")));
  }

  async #write(command: string, ...args: string[]): Promise<string | undefined> {
    const values = valuesOf(await (await this.#client.get()).write(command, ...args));
    return values.at(0);
  }

  /** Appends a slot to a thread; resolves with its index. */
  async bufferAppend(threadId: string, slotData: Uint8Array): Promise<number> {
    checkStateName("threadId", threadId);
    checkSlot(slotData);
    const slot = bytesArgument(slotData);
    return Number(await this.#write("STATE_APPEND", textArgument(threadId), slot));
  }

  /** All slots of a thread in their order. */
  async bufferGetThread(threadId: string): Promise<Uint8Array[]> {
    checkStateName("threadId", threadId);
    return (await this.#request("STATE_SLOTS", textArgument(threadId))).map(bytesOf);
  }

  /** One slot; undefined if there is none with that index. */
  async bufferGetSlot(threadId: string, index: number): Promise<Uint8Array | undefined> {
    checkStateName("threadId", threadId);
    checkIndex(index);
    return (await this.#request("STATE_SLOT", textArgument(threadId), String(index))).map(bytesOf)
      .at(
        0,
      );
  }

  /** Number of slots of a thread. */
  async bufferThreadLen(threadId: string): Promise<number> {
    checkStateName("threadId", threadId);
    return Number(await this.#request("STATE_LENGTH", textArgument(threadId)));
  }

  /** True if the thread has slots. */
  async bufferThreadExists(threadId: string): Promise<boolean> {
    return await this.bufferThreadLen(threadId) > 0;
  }

  /** Deletes a thread; false if there was none. */
  async bufferDeleteThread(threadId: string): Promise<boolean> {
    checkStateName("threadId", threadId);
    return await this.#write("STATE_DELETE_THREAD", textArgument(threadId)) === "1";
  }

  /** Ids of all threads. */
  async bufferListThreads(): Promise<string[]> {
    return JSON.parse(textOf((await this.#request("STATE_THREADS"))[0]));
  }

  /** Deletes all threads. */
  async bufferClear(): Promise<void> {
    await this.#write("STATE_CLEAR_THREADS");
  }

  /** Maps a chain and a uuid to each other. */
  async registrySet(chain: string, uuid: string): Promise<void> {
    checkStateName("chain", chain);
    checkStateName("uuid", uuid);
    await this.#write("STATE_SET_PAIR", textArgument(chain), textArgument(uuid));
  }

  /** The uuid of a chain. */
  async registryGetUuid(chain: string): Promise<string | undefined> {
    checkStateName("chain", chain);
    return (await this.#request("STATE_UUID", textArgument(chain))).map(textOf).at(0);
  }

  /** The chain of a uuid. */
  async registryGetChain(uuid: string): Promise<string | undefined> {
    checkStateName("uuid", uuid);
    return (await this.#request("STATE_CHAIN", textArgument(uuid))).map(textOf).at(0);
  }

  /** Deletes the pair of a uuid; false if there was none. */
  async registryDelete(uuid: string): Promise<boolean> {
    checkStateName("uuid", uuid);
    return await this.#write("STATE_DELETE_PAIR", textArgument(uuid)) === "1";
  }

  /** All pairs, as an object from uuids to chains. */
  async registryListAll(): Promise<Record<string, string>> {
    return JSON.parse(textOf((await this.#request("STATE_PAIRS"))[0]));
  }

  /** Deletes all pairs. */
  async registryClear(): Promise<void> {
    await this.#write("STATE_CLEAR_PAIRS");
  }

  /** Waits for calls on their way, and leaves the server, which ends with its last client. */
  close(): Promise<void> {
    return this.#client.close();
  }

  /** Closes the backend at the end of an `await using` block. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

function checkAddress(address: readonly [host: string, port: number]): [string, number] {
  if (Array.isArray(address) && address.length === 2) {
    const [host, port] = address;
    const isPort = Number.isInteger(port) && port >= 1 && port <= 65_535;
    if (typeof host === "string" && host !== "" && isPort) return [host, port];
  }
  throw new TypeError(
    `managerAddress must be a host and a port, such as ["127.0.0.1", 31135], not ${
      JSON.stringify(address)
    }`,
  );
}

/** What follows the word of an answer; nothing when the answer is that there is nothing. */
function valuesOf(reply: string): string[] {
  const [word, ...values] = splitArguments(reply);
  if (word === "LIMIT") throw new SharedBackendLimitError(textOf(values[1]), Number(values[0]));
  if (WORDS.has(word)) return values;
  throw new SharedBackendError(`the manager answered ${reply.slice(0, 100)}`);
}

const WORDS: ReadonlySet<string> = new Set([
  "OK",
  "NAME",
  "NAMES",
  "NONE",
  "PAIRS",
  "SLOT",
  "SLOTS",
]);
