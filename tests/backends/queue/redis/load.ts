/**
 * A load of messages during faults, and the checks afterwards.
 *
 * @module
 */

import assert from "node:assert/strict";
import { type MessageQueue, QueueError } from "../../../../mod.ts";
import { sleep, until, within } from "../../../support/deadline.ts";

/** Calls of publish at the same time. */
const PUBLISHERS = 4;
/** Longest time in milliseconds until delivery continues after a fault. */
const HEALING_MS = 60_000;
/** Milliseconds that a busy machine may add to a deadline. */
const MARGIN_MS = 5000;

/** Publishes, receives and acknowledges numbered messages. */
export class Load implements AsyncDisposable {
  readonly published = new Set<number>();
  readonly delivered = new Set<number>();
  readonly acknowledged = new Set<number>();
  readonly failures: QueueError[] = [];
  readonly #queue: MessageQueue;
  readonly #deadlineMs: number;
  readonly #stopPublishing = new AbortController();
  readonly #stopConsuming = new AbortController();
  readonly #running: Promise<void>[] = [];
  readonly #wrong: string[] = [];
  #next = 0;

  constructor(queue: MessageQueue, agents: string[], deadlineMs: number) {
    this.#queue = queue;
    this.#deadlineMs = deadlineMs;
    for (const agent of agents) this.#running.push(this.#consume(agent));
    for (let i = 0; i < PUBLISHERS; i++) this.#running.push(this.#publish(agents));
  }

  /** Records the failure of a call. It must be a `QueueError`, within the deadline. */
  async #collect<T>(what: string, call: Promise<T>): Promise<T | undefined> {
    try {
      return await within(call, what, this.#deadlineMs + MARGIN_MS);
    } catch (error) {
      if (error instanceof QueueError) this.failures.push(error);
      else this.#wrong.push(String(error));
      return undefined;
    }
  }

  async #publish(agents: string[]): Promise<void> {
    while (!this.#stopPublishing.signal.aborted) {
      const number = this.#next++;
      const record = await this.#collect(
        `publish ${number}`,
        this.#queue.publish({
          channel: "load",
          sourceAgent: "boss",
          targetAgent: agents[number % agents.length],
          payload: number,
        }),
      );
      if (record !== undefined) this.published.add(number);
      await sleep(1);
    }
  }

  async #consume(agent: string): Promise<void> {
    const { signal } = this.#stopConsuming;
    for await (const record of this.#queue.subscribe<number>("load", agent, { signal })) {
      const number = record.payload;
      this.delivered.add(number);
      if (this.acknowledged.has(number)) {
        this.#wrong.push(`${number} was delivered after its acknowledgement`);
      }
      const isDone = await this.#collect(`acknowledge ${number}`, this.#queue.acknowledge(record));
      if (isDone === false) this.#wrong.push(`${number} could not be acknowledged`);
      if (isDone) this.acknowledged.add(number);
    }
  }

  /** Waits until `count` more messages are acknowledged. */
  async flows(count = 50): Promise<void> {
    const wanted = this.acknowledged.size + count;
    await until(
      () => this.acknowledged.size >= wanted,
      `delivery of ${count} messages (${this.failures.at(-1)})`,
      HEALING_MS,
    );
  }

  /** Ends the load, and checks that no published message is lost, and none is delivered again. */
  async verify(): Promise<void> {
    this.#stopPublishing.abort();
    const missing = () => this.published.difference(this.delivered);
    await until(() => missing().size === 0, "delivery of all", HEALING_MS).catch(async (error) => {
      const found = await this.#queue.list({ limit: 10_000 });
      const lost = found.filter(({ payload }) => missing().has(payload as number));
      throw new Error(
        `${error.message}: missing ${[...missing()]}; there are ${Deno.inspect(lost)}; ` +
          `failures ${this.failures}`,
      );
    });

    await this[Symbol.asyncDispose]();
    assert.deepEqual(this.#wrong, []);
    assert.ok(this.published.size > 0);
  }

  /** Ends the load. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopPublishing.abort();
    this.#stopConsuming.abort();
    await Promise.all(this.#running);
  }
}
