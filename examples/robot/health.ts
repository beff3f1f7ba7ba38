// Tells whether the sensors work: who is late by the deadline of a subscriber, and who is there by presence.
import { Channel, type DeadlineEvent } from "@ringbus/ringbus";

/** What is known of a sensor. */
export type SensorState = "absent" | "works" | "late" | "left" | "died";

/** A subscriber with `deadlineMs`. */
interface Watched {
  deadlines(options: { signal: AbortSignal }): AsyncIterable<DeadlineEvent>;
}

/** One sensor, which is the only publisher of its channel. */
export class Sensor {
  readonly name: string;
  state: SensorState = "absent";
  #id: string | undefined;

  constructor(name: string) {
    this.name = name;
  }

  /** Follows the sensor until the signal aborts. */
  async watch(channel: string, subscriber: Watched, signal: AbortSignal): Promise<void> {
    await Promise.all([
      this.#followPresence(channel, signal),
      this.#followDeadline(subscriber, signal),
    ]);
  }

  async #followPresence(channel: string, signal: AbortSignal): Promise<void> {
    for await (const { type, role, id } of new Channel(channel).participants({ signal })) {
      if (role !== "publisher") continue;
      if (type === "joined") {
        this.#id = id;
        this.#set("works");
      } else if (id === this.#id) {
        this.#id = undefined; // a new process of the sensor has another id
        this.#set(type);
      }
    }
  }

  async #followDeadline(subscriber: Watched, signal: AbortSignal): Promise<void> {
    for await (const { type, id } of subscriber.deadlines({ signal })) {
      if (id === this.#id) this.#set(type === "missed" ? "late" : "works");
    }
  }

  #set(state: SensorState): void {
    this.state = state;
    console.log(`${this.name}: ${state}`);
  }
}
