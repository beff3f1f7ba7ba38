/**
 * The partitions of a queue. A partition is a set of keys that share a hash tag. A targeted message is in
 * the partition of its agent, a broadcast in that of its channel. An id that the queue has made names the
 * partition of its message.
 *
 * @module
 */

import { fnv1a } from "../../../lib/base/hash.ts";
import type { ResolvedConfig } from "../config.ts";

/** An id that the queue has made: partition and 128 random bits. An older version has written them as UUID. */
const OWN_ID = /^(\d+)\.(?:[\w-]{22}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/;
/** Bytes that an id draws at random. */
const ID_BYTES = 16;

/** Where messages are. */
export class Partitions {
  /** Numbers of all partitions. */
  readonly all: readonly number[];
  /** The keys of each partition begin with its prefix. */
  readonly prefixes: readonly string[];

  constructor(config: ResolvedConfig, isCluster: boolean) {
    this.all = Array.from({ length: config.partitions }, (_, i) => i);
    this.prefixes = this.all.map((partition) => prefixOf(config, partition, isCluster));
  }

  /** `KEYS[1]` of each partition. */
  get keys(): string[] {
    return this.prefixes.map((prefix) => `${prefix}:seq`);
  }

  /** The partition of messages to an agent, or of broadcasts to a channel. */
  of(target: string | null, channel: string): number {
    return this.all.length === 1 ? 0 : hash(target ?? channel) % this.all.length;
  }

  /** The partitions of messages of a channel that an agent receives. */
  ofReceiver(agent: string, channel: string): number[] {
    return [...new Set([this.of(agent, channel), this.of(null, channel)])];
  }

  /** The partitions where a message with this id may be. */
  ofId(id: string): readonly number[] {
    const partition = this.namedBy(id);
    return partition === undefined ? this.all : [partition];
  }

  /** The partition that an id names. Undefined for an id that the queue has not made. */
  namedBy(id: string): number | undefined {
    if (this.all.length === 1) return 0;
    const partition = Number(OWN_ID.exec(id)?.[1] ?? NaN);
    return partition < this.all.length ? partition : undefined;
  }

  /** Makes an id for a message in a partition. */
  newId(partition: number): string {
    const drawn = newToken();
    return this.all.length === 1 ? drawn : `${partition}.${drawn}`;
  }
}

/** Random bytes that ids have not used yet: one call of the runtime draws those of many ids. */
const drawn = new Uint8Array(64 * ID_BYTES);
let used = drawn.length;

/** Random text, shorter than a UUID: each message has its id in several places. */
function newToken(): string {
  if (used === drawn.length) {
    crypto.getRandomValues(drawn);
    used = 0;
  }
  const bytes = drawn.subarray(used, used += ID_BYTES);
  return bytes.toBase64({ alphabet: "base64url", omitPadding: true });
}

/** The documented prefix, or a hash tag that no other queue has. */
function prefixOf(config: ResolvedConfig, partition: number, isCluster: boolean): string {
  const { redisPrefix, namespace, partitions } = config;
  if (namespace !== "default" || partitions > 1) {
    return `{${redisPrefix}:${namespace}:${partition}}`;
  }
  return isCluster ? `{${redisPrefix}}` : redisPrefix;
}

/** A pattern of `SCAN` that matches a text and nothing else. */
export function escapeGlob(text: string): string {
  return text.replace(/[\\*?[\]^]/g, "\\$&");
}

function hash(text: string): number {
  return fnv1a(Array.from({ length: text.length }, (_, i) => text.charCodeAt(i)));
}
