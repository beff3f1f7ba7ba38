/**
 * Creating local channels.
 *
 * @module
 */

import { newMemory } from "../segment/grow.ts";
import { checkNoMore } from "../base/checks.ts";
import { text } from "../base/option_checks.ts";
import { OptionRules } from "../base/option_rules.ts";
import { MAX_WASM_PAGES, WASM_PAGE_BYTES } from "../base/pages.ts";
import { newSegmentBytes } from "../segment/format.ts";
import { prepareLocal } from "../channel/open.ts";
import { isLocalHandle, type LocalHandle, newLocalHandle } from "../segment/worker_memory.ts";
import {
  checkCapacity,
  checkChannelName,
  DEFAULT_CAPACITY_BYTES,
} from "../channel/channel_options.ts";
import { HEADER_STATUS, STATUS_CLOSED } from "../../wasm/layout.ts";

/** Options of a local channel. */
export interface LocalChannelOptions {
  /** Bytes of the rings of senders that ask for no size. Default: 1 MiB. */
  capacityBytes?: number | undefined;
  /** Name in messages and errors. */
  name?: string | undefined;
}

const OPTIONS = new OptionRules<LocalChannelOptions>("LocalChannel.create()", {
  capacityBytes: (_name, value) => checkCapacity(value),
  name: text,
});

/**
 * A channel between the workers of one process. It needs no permission. Each socket class accepts its
 * `handle` in place of a name, in this isolate and in any worker that the handle is posted to. The first
 * socket decides the pattern of the channel.
 *
 * Costs: its memory, 1.1 MiB with the default capacity, and the ring of each further sender. The
 * handle is safe to share between workers; each worker opens sockets of its own on it.
 *
 * @example
 * ```ts
 * import { LocalChannel, Puller, Pusher } from "@ringbus/ringbus";
 *
 * using channel = LocalChannel.create({ capacityBytes: 64 * 1024 });
 * // worker.postMessage(channel.handle);
 * using pusher = new Pusher<string>(channel.handle);
 * using puller = new Puller<string>(channel.handle);
 * pusher.send("hello");
 * console.log(puller.tryRecv()); // "hello"
 * ```
 */
export class LocalChannel implements Disposable {
  /** What to post to workers and to pass to sockets. */
  readonly handle: LocalHandle;

  private constructor(handle: LocalHandle) {
    if (!isLocalHandle(handle)) {
      throw new TypeError(
        "cannot make a local channel: call LocalChannel.create() in place of new",
      );
    }
    this.handle = handle;
  }

  /**
   * Creates a channel.
   *
   * @throws {RangeError} if the capacity is out of range
   * @throws {ShmConnectionError} if the process has no address space for it
   */
  static create(options: LocalChannelOptions = {}): LocalChannel {
    checkNoMore("create()", arguments, 1);
    OPTIONS.check(options);
    const capacity = checkCapacity(options.capacityBytes ?? DEFAULT_CAPACITY_BYTES);
    const name = options.name ?? "local";
    checkChannelName(name);
    const pages = Math.ceil(newSegmentBytes(capacity) / WASM_PAGE_BYTES);
    const memory = newMemory(name, pages, MAX_WASM_PAGES);
    prepareLocal(memory, capacity);
    return new LocalChannel(newLocalHandle(name, memory));
  }

  /** Closes the channel for all participants: calls that wait on it, in any worker, end with `ShmClosedError`. */
  close(): void {
    const words = new Int32Array(this.handle.memory.buffer);
    Atomics.store(words, HEADER_STATUS >>> 2, STATUS_CLOSED);
  }

  /** Closes the channel at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.close();
  }
}
