/**
 * Deduplication over partitions. An id is remembered in the partition of its channel. A message that is in another
 * one is stored in three steps: its id is reserved, the message is stored, and the id is remembered.
 *
 * @module
 */

import { Backoff } from "../../../lib/base/retry.ts";
import { sleep } from "../../../lib/base/sleep.ts";
import type { ResolvedConfig } from "../config.ts";
import type { QueueClient } from "./client.ts";
import { toQueueError } from "./errors.ts";

/** Delays of a look at an id that another publisher has reserved. */
const BACKOFF = { initialMs: 5, maxMs: 200 };

/** A message that is to be stored once. */
export interface UniqueMessage {
  /** The partition that remembers its id. */
  readonly home: number;
  readonly channel: string;
  readonly deduplicationId: string;
  readonly deduplicationMs: number;
  readonly id: string;
}

/** Stores messages with ids of what they are about. */
export class Deduplication {
  readonly #client: QueueClient;
  readonly #config: ResolvedConfig;
  readonly #url: string;

  constructor(client: QueueClient, config: ResolvedConfig, url: string) {
    this.#client = client;
    this.#config = config;
    this.#url = url;
  }

  /** Stores a message whose own partition is its home. Returns the reply of the script. */
  storeAtHome(store: () => Promise<string>): Promise<string> {
    return this.#untilKnown(store);
  }

  /** Stores a message, unless its id is known. Returns the reply of the script that has stored the message. */
  async store(message: UniqueMessage, store: () => Promise<string>): Promise<string> {
    const { channel, deduplicationId, id, home } = message;
    const args = [channel, deduplicationId, id];
    // A publisher that dies meanwhile keeps others from publishing until its call would have ended.
    const deadlineMs = String(this.#config.deadlineMs);
    const known = await this.#untilKnown(async () =>
      String(await this.#client.runDurably("reserve", home, [...args, deadlineMs]))
    );
    if (known !== "") return known;
    const reply = await store();
    const value = reply === "full" ? "" : `${reply} ${id}`;
    const rest = [value, String(message.deduplicationMs)];
    await this.#client.runDurably("remember", home, [...args, ...rest]);
    return reply;
  }

  /** The reply of a script, which is `?` while another publisher stores a message with the id. */
  async #untilKnown(ask: () => Promise<string>): Promise<string> {
    const endMs = performance.now() + this.#config.deadlineMs;
    const backoff = new Backoff(BACKOFF);
    for (;;) {
      const reply = await ask();
      if (!reply.startsWith("?")) return reply;
      if (performance.now() > endMs) {
        const cause = new Error("another process has not stored yet what has its deduplicationId");
        throw toQueueError("store", this.#url, "late", cause);
      }
      await sleep(backoff.next());
    }
  }
}
