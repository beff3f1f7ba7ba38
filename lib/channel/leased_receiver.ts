/**
 * Receiving messages that are held until they are acknowledged.
 *
 * @module
 */

import type { Attachment } from "./attachment.ts";
import { type Delivery, LeasedDelivery, type Settler } from "./delivery.ts";
import { type ReceivedFrame, Receiver } from "./receiver.ts";
import { LeaseTable } from "./lease_table.ts";
import type { SocketStatistics } from "./statistics.ts";

/** A message that was taken, and its place. */
interface LeasedFrame extends ReceivedFrame {
  slot: number;
}

/** An inbox whose messages stay on a shelf. */
export class LeasedReceiver<T> extends Receiver<Delivery<T>> {
  readonly #leases: LeaseTable;
  readonly #settler: Settler;

  constructor(attachment: Attachment, counts: SocketStatistics, onSettled: () => void) {
    super(attachment, counts, false);
    const leases = new LeaseTable(attachment);
    this.#leases = leases;
    this.#settler = {
      acknowledge(slot) {
        leases.acknowledge(slot);
        onSettled();
      },
      nack(slot) {
        leases.nack(slot);
        onSettled();
      },
    };
  }

  protected override receiveFrame(): LeasedFrame | undefined {
    const { currentFrame: frame } = this;
    const bytes = this.copyFrame();
    this.#leases.prepare(frame);
    if (!this.isConsistent() || !this.completeTake(this.#leases.take(frame))) return undefined;
    return { bytes, flags: frame.flags, header: this.currentHeader, slot: this.#leases.slot };
  }

  protected override decodeFrame(frame: LeasedFrame): Delivery<T> {
    const { attachment } = this;
    const value = this.decodeValue(frame) as T;
    const deliveries = attachment.ring.deliveriesOf(frame.slot);
    return new LeasedDelivery(value, deliveries, frame.slot, attachment, this.#settler);
  }

  protected override discard({ slot }: LeasedFrame): void {
    this.#leases.acknowledge(slot);
  }
}
