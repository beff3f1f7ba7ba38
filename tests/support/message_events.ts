/**
 * The events of a stream of messages for the dashboard.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { MessageBatch, ShownMessage } from "../../backends/http/metrics/message_feed.ts";
import { within } from "./deadline.ts";

/** An open stream of messages. */
export class MessageEvents implements AsyncDisposable {
  readonly #reader: ReadableStreamDefaultReader<string>;
  #text = "";

  private constructor(body: ReadableStream<Uint8Array<ArrayBuffer>>) {
    this.#reader = body.pipeThrough(new TextDecoderStream()).getReader();
  }

  /** Opens a stream, which must be allowed. */
  static async open(url: string, headers: Record<string, string> = {}): Promise<MessageEvents> {
    const response = await fetch(url, { headers });
    assert.equal(response.status, 200, response.ok ? "" : await response.text());
    assert.equal(response.headers.get("content-type"), "text/event-stream");
    return new MessageEvents(response.body!);
  }

  /** The next batch; undefined at the end. */
  async next(): Promise<MessageBatch | undefined> {
    while (true) {
      const end = this.#text.indexOf("\n\n");
      if (end !== -1) {
        const event = this.#text.slice(0, end);
        this.#text = this.#text.slice(end + 2);
        if (event.startsWith("data: ")) return JSON.parse(event.slice("data: ".length));
        continue;
      }
      const { value, done } = await within(this.#reader.read(), "an event");
      if (done) return undefined;
      this.#text += value;
    }
  }

  /** Reads on until there are so many messages; returns them with the number of those skipped. */
  async take(count: number): Promise<{ messages: ShownMessage[]; skipped: number }> {
    const messages: ShownMessage[] = [];
    let skipped = 0;
    while (messages.length < count) {
      const batch = await this.next();
      assert.ok(batch !== undefined, `the stream ended after ${messages.length} messages`);
      messages.push(...batch.messages);
      skipped += batch.skipped;
    }
    return { messages, skipped };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#reader.cancel();
  }
}
