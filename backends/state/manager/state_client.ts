/**
 * The calls of shared state as commands to its server.
 *
 * @module
 */

import { parsePlainJson } from "../../../lib/base/plain_json.ts";
import {
  bytesArgument,
  bytesOf,
  splitArguments,
  textArgument,
  textOf,
} from "../../tcp/protocol/arguments.ts";
import { SharedBackendError, SharedBackendLimitError } from "../errors.ts";
import type { StateCounts } from "../info.ts";
import type { StateClient } from "../remote_backend.ts";
import { ManagerClient } from "./client.ts";
import type { ManagerAddress } from "./dialer.ts";

/** The calls of one state. */
export class ManagerStateClient implements StateClient {
  readonly #client: ManagerClient;

  constructor(address: ManagerAddress) {
    this.#client = new ManagerClient(address);
  }

  /** Checks that the server can be reached, and starts it if there is none. */
  open(): Promise<void> {
    return this.#client.open();
  }

  /** Waits for pending calls, and leaves the server, which ends with its last client. */
  close(): Promise<void> {
    return this.#client.close();
  }

  /** Checks that the server replies. */
  ping(): Promise<void> {
    return this.#client.open();
  }

  async counts(): Promise<StateCounts> {
    const [threads, pairs] = (await this.#request("STATE_COUNTS")).map(Number);
    return { threads, pairs };
  }

  async #request(...words: string[]): Promise<string[]> {
    return valuesOf(await this.#client.request(words.join(" ")));
  }

  async #write(command: string, ...args: string[]): Promise<string | undefined> {
    return valuesOf(await this.#client.write(command, ...args)).at(0);
  }

  async append(threadId: string, slot: Uint8Array): Promise<number> {
    return Number(await this.#write("STATE_APPEND", textArgument(threadId), bytesArgument(slot)));
  }

  async slots(threadId: string): Promise<Uint8Array[]> {
    return (await this.#request("STATE_SLOTS", textArgument(threadId))).map(bytesOf);
  }

  async slot(threadId: string, index: number): Promise<Uint8Array | undefined> {
    const values = await this.#request("STATE_SLOT", textArgument(threadId), String(index));
    return values.map(bytesOf).at(0);
  }

  async threadLength(threadId: string): Promise<number> {
    return Number(await this.#request("STATE_LENGTH", textArgument(threadId)));
  }

  async deleteThread(threadId: string): Promise<boolean> {
    return await this.#write("STATE_DELETE_THREAD", textArgument(threadId)) === "1";
  }

  async threadIds(): Promise<string[]> {
    return parsePlainJson(textOf((await this.#request("STATE_THREADS"))[0])) as string[];
  }

  async clearThreads(): Promise<void> {
    await this.#write("STATE_CLEAR_THREADS");
  }

  async setPair(chain: string, uuid: string): Promise<void> {
    await this.#write("STATE_SET_PAIR", textArgument(chain), textArgument(uuid));
  }

  async uuidOf(chain: string): Promise<string | undefined> {
    return (await this.#request("STATE_UUID", textArgument(chain))).map(textOf).at(0);
  }

  async chainOf(uuid: string): Promise<string | undefined> {
    return (await this.#request("STATE_CHAIN", textArgument(uuid))).map(textOf).at(0);
  }

  async deletePair(uuid: string): Promise<boolean> {
    return await this.#write("STATE_DELETE_PAIR", textArgument(uuid)) === "1";
  }

  async pairs(): Promise<Record<string, string>> {
    return parsePlainJson(textOf((await this.#request("STATE_PAIRS"))[0])) as Record<
      string,
      string
    >;
  }

  async clearPairs(): Promise<void> {
    await this.#write("STATE_CLEAR_PAIRS");
  }
}

/** First word of the replies that have values, or none. */
const REPLY_WORDS: ReadonlySet<string> = new Set([
  "OK",
  "COUNTS",
  "NAME",
  "NAMES",
  "NONE",
  "PAIRS",
  "SLOT",
  "SLOTS",
]);

/** The values of a reply. */
function valuesOf(reply: string): string[] {
  const [word, ...values] = splitArguments(reply);
  if (word === "LIMIT") throw new SharedBackendLimitError(textOf(values[1]), Number(values[0]));
  if (REPLY_WORDS.has(word)) return values;
  throw new SharedBackendError(`the manager replied ${reply.slice(0, 100)}`);
}
