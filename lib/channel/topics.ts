/**
 * Topics: a text that travels before a message, and by which subscribers choose. It always lies in the ring,
 * also before the reference to a big message, so that a subscriber passes what it does not want without
 * following the reference.
 *
 * @module
 */

import { glob } from "../base/glob.ts";
import { fnv1a } from "../base/hash.ts";
import { formatValue } from "../base/options.ts";
import { MAX_TOPIC_BYTES, TOPIC_HASH, TOPIC_LENGTH, TOPIC_TEXT } from "../../wasm/layout.ts";

const textEncoder = new TextEncoder();
const textDecoder = new TextDecoder();

/** A topic as it stands before a message: its length, its hash, its text and padding, as words. */
export type TopicWords = Int32Array<ArrayBuffer>;

/** Bytes before a message with a topic of `topicBytes`. What follows is aligned to 8 bytes. */
export function paddedTopicBytes(topicBytes: number): number {
  return (TOPIC_TEXT + topicBytes + 7) & ~7;
}

/** Most bytes of UTF-8 that a UTF-16 code unit takes. */
const MAX_BYTES_PER_UNIT = 3;

/**
 * Checks the topic of a message.
 *
 * @throws {TypeError} if it is no text, or empty
 * @throws {RangeError} if it is too long
 */
export function checkTopic(name: string, topic: unknown): string {
  if (typeof topic !== "string" || topic === "" || !topic.isWellFormed()) {
    throw new TypeError(
      `${name} must be a well-formed text that is not empty, not ${formatValue(topic)}`,
    );
  }
  if (topic.length * MAX_BYTES_PER_UNIT > MAX_TOPIC_BYTES) checkBytes(name, topic);
  return topic;
}

function checkBytes(name: string, topic: string): void {
  const bytes = textEncoder.encode(topic).length;
  if (bytes <= MAX_TOPIC_BYTES) return;
  throw new RangeError(`${name} must have at most ${MAX_TOPIC_BYTES} bytes of UTF-8, not ${bytes}`);
}

/** A topic as it stands before a message. */
function wordsOf(text: Uint8Array): TopicWords {
  const bytes = new Uint8Array(paddedTopicBytes(text.length));
  const view = new DataView(bytes.buffer);
  view.setUint32(TOPIC_LENGTH, text.length, true);
  view.setUint32(TOPIC_HASH, fnv1a(text), true);
  bytes.set(text, TOPIC_TEXT);
  return new Int32Array(bytes.buffer);
}

/** The topic before a payload, and the payload behind it. */
export interface TopicParts {
  readonly topic: string;
  /** Bytes before the payload. */
  readonly bytes: number;
}

/** Reads the topic at the beginning of bytes; undefined if it is damaged, or not whole. */
export function readTopic(bytes: Uint8Array): TopicParts | undefined {
  if (bytes.length < TOPIC_TEXT) return undefined;
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(TOPIC_LENGTH, true);
  const padded = paddedTopicBytes(length);
  if (length === 0 || length > MAX_TOPIC_BYTES || padded > bytes.length) return undefined;
  // A copy: no text is decoded in shared memory.
  const prefix = bytes.slice(0, padded);
  const topic = textDecoder.decode(prefix.subarray(TOPIC_TEXT, TOPIC_TEXT + length));
  const expected = new Uint8Array(wordsOf(textEncoder.encode(topic)).buffer);
  const isIntact = expected.length === padded && prefix.every((byte, at) => byte === expected[at]);
  return isIntact ? { topic, bytes: padded } : undefined;
}

/** Topics that a publisher remembers in encoded form. */
const MAX_KNOWN_TOPICS = 1024;

/** Encodes the topics of one publisher, which sends to few of them again and again. */
export class TopicEncoder {
  readonly #known = new Map<string, TopicWords>();
  #lastTopic: string | undefined;
  #last: TopicWords | undefined;

  /** A topic, which was checked, as it stands before a message. */
  encode(topic: string): TopicWords {
    if (topic === this.#lastTopic) return this.#last!;
    const words = this.#known.get(topic) ?? this.#learn(topic);
    this.#lastTopic = topic;
    this.#last = words;
    return words;
  }

  #learn(topic: string): TopicWords {
    const words = wordsOf(textEncoder.encode(topic));
    if (this.#known.size === MAX_KNOWN_TOPICS) this.#known.clear();
    this.#known.set(topic, words);
    return words;
  }
}

/** Topics that are remembered. */
const SLOTS = 4096;
/** Slots that a topic can be in, from the one of its hash on. */
const WAYS = 4;

/** A topic that was met. */
export class KnownTopic {
  readonly text: string;
  readonly isWanted: boolean;
  readonly #words: TopicWords;

  constructor(text: string, words: TopicWords, isWanted: boolean) {
    this.text = text;
    this.isWanted = isWanted;
    this.#words = words;
  }

  /** True if the topic that stands at a word is this one, its padding included. */
  isAt(words: Int32Array, at: number): boolean {
    const own = this.#words;
    for (let i = 0; i < own.length; i++) if (own[i] !== words[at + i]) return false;
    return true;
  }
}

/** Looks topics up by their hash, and compares all their bytes. Each is decoded and matched with patterns once. */
export class TopicTable {
  readonly #slots: (KnownTopic | undefined)[] = new Array(SLOTS).fill(undefined);
  #replaced = 0;
  readonly #matchers: readonly ((topic: string) => boolean)[] | undefined;

  /** Without patterns, all topics are wanted, and messages without a topic too. */
  constructor(patterns: readonly string[] | undefined) {
    this.#matchers = patterns?.map(glob);
  }

  /** True if messages without a topic are wanted. */
  get wantsPlain(): boolean {
    return this.#matchers === undefined;
  }

  /** The topic that stands in the words from `at` to `end`; undefined if it is damaged. */
  find(words: Int32Array, at: number, end: number): KnownTopic | undefined {
    const hash = words[at + TOPIC_HASH / 4];
    for (let way = 0; way < WAYS; way++) {
      const known = this.#slots[(hash + way) & (SLOTS - 1)];
      if (known === undefined) break;
      if (known.isAt(words, at)) return known;
    }
    return this.#learn(words, at, end);
  }

  #learn(words: Int32Array, at: number, end: number): KnownTopic | undefined {
    // What is compared is what was read, whatever happens to the memory meanwhile.
    const own = new Int32Array(words.subarray(at, end));
    const parts = readTopic(new Uint8Array(own.buffer));
    if (parts === undefined) return undefined;
    const topic = new KnownTopic(parts.topic, own, this.#isWanted(parts.topic));
    this.#slots[this.#slotFor(own[TOPIC_HASH / 4])] = topic;
    return topic;
  }

  /** The first free slot for a hash; if there is none, each of them in turn. */
  #slotFor(hash: number): number {
    for (let way = 0; way < WAYS; way++) {
      const slot = (hash + way) & (SLOTS - 1);
      if (this.#slots[slot] === undefined) return slot;
    }
    return (hash + this.#replaced++ % WAYS) & (SLOTS - 1);
  }

  #isWanted(topic: string): boolean {
    return this.#matchers?.some((matches) => matches(topic)) ?? true;
  }
}
