/**
 * Receiving messages that are held until they are acknowledged.
 *
 * @module
 */

import type { Attachment } from "./attachment.ts";
import { type Delivery, HeldDelivery, type Settler } from "./delivery.ts";
import { Inbox, type Taken } from "./receiver.ts";
import { Shelf } from "./lease_table.ts";
import type { SocketStatistics } from "../sockets/socket.ts";

/** A message that was taken, and its place. */
interface Held extends Taken {
  place: number;
}

/** An inbox whose messages stay on a shelf. */
export class HoldingInbox<T> extends Inbox<Delivery<T>> {
  readonly #shelf: Shelf;
  readonly #settler: Settler;

  constructor(attachment: Attachment, counts: SocketStatistics, onSettled: () => void) {
    super(attachment, counts, false);
    const shelf = new Shelf(attachment);
    this.#shelf = shelf;
    this.#settler = {
      acknowledge(place) {
        shelf.acknowledge(place);
        onSettled();
      },
      giveBack(place) {
        shelf.giveBack(place);
        onSettled();
      },
    };
  }

  protected override takeFound(): Held | undefined {
    const { found } = this;
    const bytes = this.copyFound();
    this.#shelf.prepare(found);
    if (!this.isWhole() || !this.countTaken(this.#shelf.take(found))) return undefined;
    return { bytes, flags: found.flags, note: this.noteOfFound, place: this.#shelf.place };
  }

  protected override decodeAny(taken: Held): Delivery<T> {
    const { attachment } = this;
    const value = this.decodeValue(taken) as T;
    const deliveries = attachment.ring.deliveriesOf(taken.place);
    return new HeldDelivery(value, deliveries, taken.place, attachment, this.#settler);
  }

  protected override discard({ place }: Held): void {
    this.#shelf.acknowledge(place);
  }
}
