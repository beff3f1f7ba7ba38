/**
 * Pulling: messages shared among pullers.
 *
 * @module
 */

import { flag, wholeNumber } from "../base/option_checks.ts";
import { OptionRules } from "../base/option_rules.ts";
import { CALL_OPTIONS, SOCKET_CHECKS } from "./options.ts";
import type { SocketOptions } from "./socket.ts";
import type { Delivery } from "../channel/delivery.ts";
import type { LocalHandle } from "../segment/worker_memory.ts";
import { ReceivingSocket } from "./receiving_socket.ts";

/** Messages that a puller holds at most when nobody says otherwise. */
const DEFAULT_MAX_UNACKED = 256;
/** Messages that any puller can hold. */
const MAX_UNACKED = 4096;

/** Options of a puller whose messages are done when it receives them. */
export interface PullerOptions extends SocketOptions {
  /** Left out or false: a message is done when it is received. */
  ack?: false;
}

/** Options of a puller that acknowledges its messages. */
export interface AckPullerOptions extends SocketOptions {
  /** True: a message stays its puller's until `ack()`, and goes to another if that never comes. */
  ack: true;
  /**
   * Messages that the puller holds at most without having acknowledged them, from 1 to 4,096; 256
   * when left out. At the limit `recv` and the iterator wait, `tryRecv` answers undefined, `drain`
   * an empty list, and `recvSync` throws `ShmBufferFullError`, since nothing could end its wait.
   */
  maxUnacked?: number;
}

/**
 * Receives messages that pushers of a channel send, each message once among all pullers. Pullers that
 * wait get equal shares; one that is busy or stopped does not hold up the others, and what it
 * did not take goes to the rest.
 *
 * `new Puller<Job>(name)` receives values of type `Job`. `new Puller<Job>(name, { ack: true })` is a
 * `Puller<Delivery<Job>>`: each message is held until its `ack()`.
 */
export type Puller<T = unknown> = ReceivingSocket<T>;

/**
 * Makes pullers. The type parameter is the type of a message in both forms, and what is received
 * follows from `ack`: a constructor with two results cannot be written as a class.
 */
export interface PullerConstructor {
  /**
   * Attaches to a channel, creating it if it is new. Messages are held until they are acknowledged;
   * those of a puller that closes, dies or calls `nack()` go to another.
   *
   * Costs: about a microsecond a message, and a second copy of it.
   *
   * @throws {TypeError} if `ack` is no boolean
   * @throws {RangeError} if `maxUnacked` is out of its range
   * @throws {ShmConnectionError} if the channel's kind, capacity or codec conflicts, or there is no room
   * @throws {ShmPermissionError} without `--allow-ffi`, or if the segment is another user's
   *
   * @example
   * ```ts
   * import { LocalChannel, Puller, Pusher } from "@ringbus/ringbus";
   *
   * using channel = LocalChannel.create();
   * using pusher = new Pusher<number>(channel.handle);
   * using puller = new Puller<number>(channel.handle, { ack: true });
   *
   * pusher.send(7);
   * puller.tryRecv()!.nack();
   * const message = await puller.recv();
   * console.log(message.value, message.deliveries); // 7 2
   * message.ack();
   * ```
   */
  new <T = unknown>(
    target: string | LocalHandle,
    options: AckPullerOptions,
  ): Puller<Delivery<T>>;
  /**
   * Attaches to a channel, creating it if it is new. A message is done when it is received.
   *
   * Costs: about 50 ns a small message of bytes, plus the codec; an idle one nothing. Not safe to
   * share between workers.
   *
   * @throws {ShmConnectionError} if the channel's kind, capacity or codec conflicts, or there is no room
   * @throws {ShmPermissionError} without `--allow-ffi`, or if the segment is another user's
   *
   * @example
   * ```ts
   * import { LocalChannel, Puller, Pusher } from "@ringbus/ringbus";
   *
   * using channel = LocalChannel.create();
   * using pusher = new Pusher<number>(channel.handle);
   * using puller = new Puller<number>(channel.handle);
   *
   * pusher.sendMany([1, 2, 3]);
   * console.log(puller.drain()); // [1, 2, 3]
   * ```
   */
  new <T = unknown>(target: string | LocalHandle, options?: PullerOptions): Puller<T>;
  /** What `instanceof` looks for. */
  readonly prototype: Puller;
}

/** What the constructor takes in both of its forms. */
interface AnyPullerOptions extends Omit<AckPullerOptions, "ack"> {
  ack?: boolean;
}

const OPTIONS = new OptionRules<AnyPullerOptions>("new Puller()", {
  ...SOCKET_CHECKS,
  ack: flag,
  maxUnacked: wholeNumber(1, MAX_UNACKED),
}, CALL_OPTIONS);

/** Receives messages that pushers of a channel send; see the type of the same name. */
export const Puller: PullerConstructor = class Puller<T> extends ReceivingSocket<T> {
  constructor(target: string | LocalHandle, options?: PullerOptions | AckPullerOptions) {
    OPTIONS.check(options);
    super(target, "queue", "puller", options, maxUnackedOf(options));
  }
} as PullerConstructor;

/** Messages that a puller may hold; undefined if it acknowledges none. */
function maxUnackedOf({ ack = false, maxUnacked }: AnyPullerOptions = {}): number | undefined {
  if (ack) return maxUnacked ?? DEFAULT_MAX_UNACKED;
  if (maxUnacked === undefined) return undefined;
  throw new TypeError("maxUnacked is for pullers with ack: true; leave it out, or set ack");
}
