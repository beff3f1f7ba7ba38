/**
 * Spans of subscribers and pullers.
 *
 * @module
 */

import { context, SpanKind } from "@opentelemetry/api";
import { type Delivery, LeasedDelivery } from "../lib/channel/delivery.ts";
import { ShmClosedError } from "../lib/base/errors.ts";
import { WithHeader } from "../lib/channel/headers.ts";
import type { WaitOptions } from "../lib/base/options.ts";
import type { ReceivingSocket } from "../lib/sockets/receiving_socket.ts";
import { enableHeaders } from "../lib/sockets/socket.ts";
import { contextOfHeader } from "./fields.ts";
import { type Origin, setOrigin } from "./origins.ts";
import { during, type Operation, parentOf, type ReceiveOperation, type Spans } from "./spans.ts";

/** A value with where it comes from. */
export interface Received {
  readonly value: unknown;
  readonly origin: Origin;
}

/** How to receive from traced sockets with the origin of each value. */
export const receivers: WeakMap<object, (options: WaitOptions) => Promise<Received>> =
  new WeakMap();

/** What a socket hands out, and where it comes from. */
export function unpack(raw: unknown, destination: string, spans: Spans): Received {
  if (raw instanceof LeasedDelivery) {
    const { value, origin } = unpack(raw.value, destination, spans);
    const delivery = new TracedDelivery(raw, value, origin, spans);
    setOrigin(delivery, origin);
    return { value: delivery, origin };
  }
  if (!(raw instanceof WithHeader)) {
    return { value: raw, origin: { context: undefined, destination } };
  }
  const origin = { context: contextOfHeader(raw.header), destination };
  setOrigin(raw.value, origin);
  return { value: raw.value, origin };
}

/** How a span tells of one message that was received, or of none. */
export function receiveOperation(destination: string): ReceiveOperation<Received | undefined> {
  const operation: Operation = {
    name: "receive",
    type: "receive",
    kind: SpanKind.CLIENT,
    destination,
  };
  return { operation, origins: (received) => received ? [received.origin.context] : [] };
}

/** Has a socket make a span of each message, or batch, that it receives. */
export function traceReceiving(socket: ReceivingSocket<unknown>, spans: Spans): void {
  enableHeaders(socket);
  const { name } = socket;
  const one = receiveOperation(name);
  const many: ReceiveOperation<Received[]> = {
    operation: one.operation,
    isBatch: true,
    origins: (batch) => batch.map(({ origin }) => origin.context),
  };
  const { tryRecv, recvSync, recv, drain } = socket;
  const unpacked = (raw: unknown) => raw === undefined ? undefined : unpack(raw, name, spans);

  const receive = async (options: WaitOptions | undefined): Promise<Received> => {
    const isEnd = (error: unknown) => error instanceof ShmClosedError || !!options?.signal?.aborted;
    const call = async () => unpacked(await recv.call(socket, options));
    return (await spans.receiveLater({ ...one, isEnd }, call))!;
  };

  socket.tryRecv = () => spans.receive(one, () => unpacked(tryRecv.call(socket)))?.value;
  socket.recvSync = (options) =>
    spans.receive(one, () => unpacked(recvSync.call(socket, options)))?.value;
  socket.recv = async (options) => (await receive(options)).value;
  socket.drain = (max) =>
    spans.receive(
      many,
      () => drain.call(socket, max).map((raw) => unpack(raw, name, spans)),
    ).map(({ value }) => value);
  socket[Symbol.asyncIterator] = async function* () {
    while (!socket.closed) {
      try {
        yield (await receive(undefined)).value;
      } catch (error) {
        if (error instanceof ShmClosedError) return;
        throw error;
      }
    }
  };
  receivers.set(socket, receive);
}

/** A delivery whose end is a span. */
class TracedDelivery<T> implements Delivery<T> {
  readonly value: T;
  readonly #delivery: Delivery<unknown>;
  readonly #origin: Origin;
  readonly #spans: Spans;
  #isSettled = false;

  constructor(delivery: Delivery<unknown>, value: T, origin: Origin, spans: Spans) {
    this.value = value;
    this.#delivery = delivery;
    this.#origin = origin;
    this.#spans = spans;
  }

  get deliveries(): number {
    return this.#delivery.deliveries;
  }

  ack(): void {
    this.#settle("ack", () => this.#delivery.ack());
  }

  nack(): void {
    this.#settle("nack", () => this.#delivery.nack());
  }

  #settle(name: "ack" | "nack", call: () => void): void {
    settling(this.#spans, name, this.#origin, () => {
      call();
      this.#isSettled = true;
    });
  }

  [Symbol.dispose](): void {
    if (this.#isSettled) this.#delivery[Symbol.dispose]();
    else this.#settle("nack", () => this.#delivery[Symbol.dispose]());
  }
}

/** Calls with the span of settling a message: in the caller's trace, or else in the message's. */
export function settling<T>(spans: Spans, name: string, origin: Origin, call: () => T): T {
  const { destination, id } = origin;
  const attributes = id === undefined ? {} : { "messaging.message.id": id };
  const operation: Operation = {
    name,
    type: "settle",
    kind: SpanKind.CLIENT,
    destination,
    attributes,
  };
  const parent = parentOf(context.active(), origin.context);
  return during(spans.begin(operation, parent, [origin.context]), parent, call);
}
