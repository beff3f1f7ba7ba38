/**
 * The patterns of a store with their subscriptions. Only those are matched whose literal beginning a
 * topic has.
 *
 * @module
 */

import { TextMap } from "../../lib/base/text_map.ts";
import { glob, literalPrefix } from "../../lib/base/glob.ts";
import type { Subscription } from "./subscription.ts";
import { detached } from "./text.ts";

/** A pattern with its subscriptions. */
export interface PatternEntry {
  readonly pattern: string;
  /** Place in the order of their first subscriptions. */
  readonly order: number;
  readonly subscriptions: Set<Subscription>;
  readonly matches: (topic: string) => boolean;
}

/** Patterns by the text before their first special character. */
export class PatternIndex {
  readonly #entries = new TextMap<PatternEntry>();
  readonly #byPrefix = new TextMap<Set<PatternEntry>>();
  /** How many prefixes have a length; the index is the length. */
  readonly #prefixesOfLength: number[] = [];
  #added = 0;

  /** Number of patterns. */
  get size(): number {
    return this.#entries.size;
  }

  /** The entry of a pattern, or undefined. */
  get(pattern: string): PatternEntry | undefined {
    return this.#entries.get(pattern);
  }

  /** All entries. */
  values(): IteratorObject<PatternEntry> {
    return this.#entries.values();
  }

  /** Adds a pattern that is not in the index. */
  add(text: string): PatternEntry {
    const pattern = detached(text);
    const entry = {
      pattern,
      order: this.#added++,
      subscriptions: new Set<Subscription>(),
      matches: glob(pattern),
    };
    this.#entries.set(pattern, entry);
    const prefix = literalPrefix(pattern);
    this.#byPrefix.getOrMake(prefix, () => {
      this.#countPrefix(prefix, 1);
      return new Set();
    }).add(entry);
    return entry;
  }

  /** Removes a pattern. */
  remove(entry: PatternEntry): void {
    this.#entries.delete(entry.pattern);
    const prefix = literalPrefix(entry.pattern);
    const entries = this.#byPrefix.get(prefix)!;
    entries.delete(entry);
    if (entries.size > 0) return;
    this.#byPrefix.delete(prefix);
    this.#countPrefix(prefix, -1);
  }

  #countPrefix({ length }: string, added: number): void {
    this.#prefixesOfLength[length] = (this.#prefixesOfLength[length] ?? 0) + added;
  }

  /** The patterns that match a topic, in the order of their first subscriptions. */
  matching(topic: string): PatternEntry[] {
    const found: PatternEntry[] = [];
    if (this.size === 0) return found;
    const longest = Math.min(this.#prefixesOfLength.length - 1, topic.length);
    for (let length = 0; length <= longest; length++) {
      if (!this.#prefixesOfLength[length]) continue;
      for (const entry of this.#byPrefix.get(topic.slice(0, length)) ?? []) {
        if (entry.matches(topic)) found.push(entry);
      }
    }
    return found.length > 1 ? found.sort((a, b) => a.order - b.order) : found;
  }
}
