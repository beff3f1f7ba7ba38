/**
 * Reading a stream of events one by one, and telling them in few words.
 *
 * @module
 */

import type { ChannelEvent, EventStream } from "../../mod.ts";
import { within } from "./deadline.ts";

/** An event as a text: `"joined a puller arm"`, `"created a queue"`. */
export function eventText(event: ChannelEvent): string {
  const { type, channel } = event;
  if (!("pid" in event)) return `${type} ${channel} ${event.kind}`;
  return [type, channel, event.role, event.label].filter((word) => word !== undefined).join(" ");
}

/** A stream of events that a test reads. */
export class EventLog<E extends ChannelEvent> implements AsyncDisposable {
  readonly #stream: EventStream<E>;

  constructor(stream: EventStream<E>) {
    this.#stream = stream;
  }

  /** The next event. */
  async next(): Promise<E> {
    const { done, value } = await within(this.#stream.next(), "an event");
    if (done) throw new Error("the events have ended");
    return value;
  }

  /** The next events as texts. */
  async texts(count: number): Promise<string[]> {
    const texts: string[] = [];
    while (texts.length < count) texts.push(eventText(await this.next()));
    return texts;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stream.return();
  }
}
