/**
 * The base of all sockets: their attachment, their statistics, and how they close.
 *
 * @module
 */

import { runAll } from "../base/run_all.ts";
import { Attachment } from "../channel/attachment.ts";
import type { ChannelKind, Role } from "../segment/format.ts";
import type { Instrumentation } from "../base/instrumentation.ts";
import type { ChannelOptions } from "../channel/open.ts";
import type { SocketStatistics } from "../channel/statistics.ts";
import { register, unregister } from "../presence/exit_hooks.ts";
import { isLocalHandle, type LocalHandle } from "../segment/worker_memory.ts";

/** Options of a socket: those of its channel, and what observes it. */
export interface SocketOptions extends ChannelOptions {
  /** Observes what the socket does: `otelInstrumentation()` of `./otel`. Default: none. */
  instrumentation?: Instrumentation;
}

/** Base of all sockets. */
export abstract class Socket implements Disposable, AsyncDisposable {
  /**
   * The attachment under this socket.
   * @internal
   */
  protected readonly attachment: Attachment;
  /**
   * What `statistics()` reports.
   * @internal
   */
  protected readonly counts: SocketStatistics = {
    sent: 0,
    received: 0,
    redelivered: 0,
    dropped: 0,
    missed: 0,
    unmatched: 0,
    conflated: 0,
    bytes: 0,
    errors: 0,
  };

  /** Attaches to a channel. */
  constructor(
    target: string | LocalHandle,
    kind: ChannelKind,
    role: Role,
    options: SocketOptions = {},
  ) {
    this.attachment = new Attachment(target, kind, role, options);
    if (!isLocalHandle(target)) register(this);
  }

  /**
   * Finishes opening, or leaves the channel again.
   * @internal
   */
  protected closeOnError<R>(init: () => R): R {
    try {
      return init();
    } catch (error) {
      this.attachment.close();
      unregister(this);
      throw error;
    }
  }

  /**
   * Throws if the socket is closed.
   * @internal
   */
  protected checkReady(): void {
    if (this.attachment.isClosed) this.attachment.checkOpen();
  }

  /** Channel name. */
  get name(): string {
    return this.attachment.name;
  }

  /** Bytes of this sender's ring; of a receiver, of the rings of senders that name no `capacityBytes`. */
  get capacityBytes(): number {
    return this.attachment.ringBytes;
  }

  /** True once the socket is closed. */
  get closed(): boolean {
    return this.attachment.isClosed;
  }

  /** Counts since the socket was opened. */
  statistics(): SocketStatistics {
    return { ...this.counts };
  }

  /** Leaves the channel; calls that wait end with `ShmClosedError`. Closing twice does nothing. */
  close(): void {
    if (this.attachment.isClosed) return;
    runAll(() => this.abortWaits(), () => this.attachment.close(), () => unregister(this));
  }

  /**
   * Ends all waits, before the attachment closes.
   * @internal
   */
  protected abstract abortWaits(): void;

  /**
   * From now on values may be `WithHeader`, sent and received.
   * @internal
   */
  protected abstract enableHeaders(): void;

  /** What `console.log` shows. */
  [Symbol.for("Deno.customInspect")](): string {
    return `${this.constructor.name} { name: ${
      JSON.stringify(this.name)
    }, closed: ${this.closed} }`;
  }

  /** Closes the socket at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** Closes the socket at the end of an `await using` block. */
  [Symbol.asyncDispose](): Promise<void> {
    this.close();
    return Promise.resolve();
  }
}
