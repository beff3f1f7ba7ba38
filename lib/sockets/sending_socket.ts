/**
 * What publishers and pushers share.
 *
 * @module
 */

import type { ChannelKind, ChannelOptions, Role } from "../channel/attachment.ts";
import { closedWhileWaiting } from "../channel/closed.ts";
import type { LocalHandle } from "../segment/worker_memory.ts";
import type { TimeoutOptions, WaitOptions } from "../base/options.ts";
import { type Loan, Outbox } from "../channel/sender.ts";
import { Socket } from "./socket.ts";

/** A socket that sends. */
export abstract class SendingSocket<T> extends Socket {
  readonly #outbox: Outbox;

  /** Attaches to a channel and claims a lane of it. */
  constructor(
    target: string | LocalHandle,
    kind: ChannelKind,
    role: Role,
    options: ChannelOptions | undefined,
  ) {
    super(target, kind, role, options);
    this.#outbox = this.opening(() => new Outbox(this.attachment, this.counts, 0));
  }

  /**
   * Sends a value if there is room, and returns at once.
   *
   * @returns false if the ring is full; a publisher's never is
   * @throws {ShmSerializationError} if the value cannot be encoded
   * @throws {RangeError} if the message is larger than any channel can carry
   * @throws {ShmClosedError} if the socket is closed
   */
  send(value: T): boolean {
    return this.#outbox.send(value);
  }

  /**
   * Sends a value, blocking this thread until there is room.
   *
   * @throws {ShmBufferFullError} if there was none within `timeoutMs`
   * @throws {ShmSerializationError} if the value cannot be encoded
   */
  sendSync(value: T, options?: TimeoutOptions): void {
    this.#outbox.sendSync(value, options);
  }

  /**
   * Sends a value, waiting in the event loop until there is room.
   *
   * @throws {ShmBufferFullError} if there was none within `timeoutMs`
   * @throws {ShmSerializationError} if the value cannot be encoded
   */
  sendAsync(value: T, options?: WaitOptions): Promise<void> {
    return this.#outbox.sendAsync(value, options);
  }

  /**
   * Sends values in one commit, which costs less than one call each.
   *
   * @returns how many were accepted, from the first on
   */
  sendMany(values: Iterable<T>): number {
    return this.#outbox.sendMany(values);
  }

  /**
   * Lends room for a message of exactly `byteLength` bytes, to be written in place; undefined when
   * the ring is full. Only with codec `"raw"`, one loan at a time. Others send and receive on
   * meanwhile.
   */
  loan(byteLength: number): Loan | undefined {
    return this.#outbox.loan(byteLength);
  }

  /** Internal: from now on notes are sent. */
  protected override carryNotes(): void {
    this.#outbox.carryNotes();
  }

  /** Internal: ends what waits. */
  protected override endWaits(): void {
    this.#outbox.end(closedWhileWaiting(this.name));
  }
}
