/**
 * A stream without an end, which is ended by what happens to its requester.
 *
 * @module
 */

import { Replier } from "../../mod.ts";
import { within } from "./deadline.ts";

/** A replier of the channel "ask", whose generator reports why its stream was ended. */
export class EndlessStream implements AsyncDisposable {
  readonly #replier: Replier<number, void>;
  readonly #served: Promise<void>;
  readonly #reason = Promise.withResolvers<unknown>();

  constructor(dir: string) {
    const reason = this.#reason;
    this.#replier = new Replier<number, void>("ask", { dir });
    this.#served = this.#replier.serveStream(async function* (_, { signal }) {
      try {
        for (let n = 0;; n++) yield n;
      } finally {
        reason.resolve(signal.reason);
      }
    });
  }

  /** Why the first stream was ended. */
  reason(): Promise<unknown> {
    return within(this.#reason.promise, "the end of the stream");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#replier.close();
    await this.#served;
  }
}
