/**
 * Pulling: the messages of a channel are shared among its pullers.
 *
 * @module
 */

import { flag, wholeNumber } from "../base/option_checks.ts";
import { OptionRules } from "../base/option_rules.ts";
import { BROADCAST_OPTIONS, CALL_OPTIONS, RECEIVER_CHECKS } from "./options.ts";
import type { AckPullerOptions, PullerOptions } from "./option_types.ts";
import type { Delivery } from "../channel/delivery.ts";
import type { LocalHandle } from "../segment/worker_memory.ts";
import { ReceivingSocket } from "./receiving_socket.ts";

/** Default of `maxUnacked`. */
const DEFAULT_MAX_UNACKED = 256;
/** Largest `maxUnacked`. */
const MAX_UNACKED = 4096;

/**
 * Receives messages that pushers of a channel send, each message once among all pullers. Pullers that
 * wait get equal shares. A puller that is busy or stopped does not delay the others, which receive the
 * messages that it does not take.
 *
 * `new Puller<Job>(name)` receives values of type `Job`. `new Puller<Job>(name, { ack: true })` is a
 * `Puller<Delivery<Job>>`: each message is held until its `ack()`.
 */
export type Puller<T = unknown> = ReceivingSocket<T>;

/**
 * Creates pullers. The type parameter is the type of a message in both forms, and the type of what is
 * received follows from `ack`. A class cannot declare a constructor with two result types.
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
   * @throws {ShmConnectionError} if the channel's kind, capacity or codec conflicts, or there is no space
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
   * @throws {ShmConnectionError} if the channel's kind, capacity or codec conflicts, or there is no space
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
  /** The prototype that `instanceof` compares. */
  readonly prototype: Puller;
}

/** What the constructor takes in both of its forms. */
interface AnyPullerOptions extends Omit<AckPullerOptions, "ack"> {
  ack?: boolean;
}

const OPTIONS = new OptionRules<AnyPullerOptions>("new Puller()", {
  ...RECEIVER_CHECKS,
  ack: flag,
  maxUnacked: wholeNumber(1, MAX_UNACKED),
}, { ...CALL_OPTIONS, ...BROADCAST_OPTIONS });

/** Receives messages that pushers of a channel send; see the type of the same name. */
export const Puller: PullerConstructor = class Puller<T> extends ReceivingSocket<T> {
  constructor(target: string | LocalHandle, options?: PullerOptions | AckPullerOptions) {
    OPTIONS.check(options, arguments[2]);
    super(target, "queue", "puller", options, maxUnackedOf(options));
  }
} as PullerConstructor;

/** How many messages a puller may hold; undefined if it does not acknowledge. */
function maxUnackedOf({ ack = false, maxUnacked }: AnyPullerOptions = {}): number | undefined {
  if (ack) return maxUnacked ?? DEFAULT_MAX_UNACKED;
  if (maxUnacked === undefined) return undefined;
  throw new TypeError("maxUnacked is for pullers with ack: true; omit it, or set ack");
}
