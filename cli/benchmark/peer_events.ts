/** The lines of JSON of a child: events, each of them once, and facts. */

/** The results of a child. */
export type Facts = Record<string, unknown>;

export class PeerEvents {
  /** All facts so far. */
  readonly facts: Facts = {};
  readonly #events = new Map<string, PromiseWithResolvers<void>>();
  #failure: unknown;

  /** Parses a line: `{"event": NAME}` with facts, or facts alone. */
  parseLine(line: string): void {
    if (line === "") return;
    const { event, ...facts } = JSON.parse(line);
    Object.assign(this.facts, facts);
    if (event) this.#event(event).resolve();
  }

  /** Resolves when the child has sent an event. Rejects when the child has failed. */
  waitFor(event: string): Promise<void> {
    return this.#event(event).promise;
  }

  /** Rejects all waits for events: there will be no more lines. */
  fail(error: unknown): void {
    this.#failure = error;
    for (const event of this.#events.values()) event.reject(error);
  }

  #event(name: string): PromiseWithResolvers<void> {
    let event = this.#events.get(name);
    if (!event) {
      this.#events.set(name, event = Promise.withResolvers<void>());
      event.promise.catch(() => {});
      if (this.#failure !== undefined) event.reject(this.#failure);
    }
    return event;
  }
}
