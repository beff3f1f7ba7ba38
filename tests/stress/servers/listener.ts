/**
 * The subscriber of a differential run.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { Message, MessageDelivery, MessagingBackend } from "../../../mod.ts";
import { until } from "../../support/deadline.ts";
import { textOf } from "./texts.ts";

/** Subscribes with one backend, and keeps what it gets, as texts in its order. */
export class Listener {
  readonly #backend: MessagingBackend;
  readonly #delivered: string[] = [];

  constructor(backend: MessagingBackend) {
    this.#backend = backend;
  }

  subscribe(topic: string): Promise<void> {
    return this.#backend.subscribe(topic, this.#onMessage, {
      onPublished: ({ channel, data }) => void this.#delivered.push(`${channel}: ${textOf(data)}`),
    });
  }

  unsubscribe(topic: string): Promise<void> {
    return this.#backend.unsubscribe(topic, this.#onMessage);
  }

  readonly #onMessage = ({ id }: Message, { topic }: MessageDelivery) =>
    void this.#delivered.push(`${topic}: message ${id}`);

  /** Waits until as much was delivered as there should be, and compares. */
  async compare(expected: readonly string[], about: string): Promise<void> {
    await until(() => this.#delivered.length >= expected.length, `the deliveries of ${about}`);
    assert.deepEqual(this.#delivered, expected, about);
  }
}
