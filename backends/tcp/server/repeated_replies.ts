/**
 * Replies that are asked for again and again, such as those to clients that poll a topic. They are encoded once.
 *
 * @module
 */

/** Most replies that are kept, and most characters of each: so all of them take at most 1 MiB. */
const MAX_REPLIES = 16;
const MAX_LENGTH = 64 * 1024;

/** Encoded replies, by the objects that they were made from. Those objects must not change. */
export class RepeatedReplies<Source extends object> {
  readonly #asked = new WeakSet<Source>();
  readonly #replies = new Map<Source, string>();

  /** The reply for an object. It is kept from the second time on: most objects are asked for once. */
  get(source: Source, make: () => string): string {
    const kept = this.#replies.get(source);
    if (kept !== undefined) return kept;
    const reply = make();
    if (reply.length > MAX_LENGTH) return reply;
    if (this.#asked.has(source)) this.#keep(source, reply);
    else this.#asked.add(source);
    return reply;
  }

  #keep(source: Source, reply: string): void {
    if (this.#replies.size === MAX_REPLIES) this.#forgetOldest();
    this.#replies.set(source, reply);
  }

  #forgetOldest(): void {
    const [oldest] = this.#replies.keys();
    this.#replies.delete(oldest);
  }
}
