/**
 * Compares the replies of two servers.
 *
 * @module
 */

import type { WireReply } from "../../support/resp_client.ts";
import type { Comparison } from "./template.ts";

/** Numbers of the time of a call may differ by this, in their unit. */
const NEAR = 2000;

/** Numbers from here on are milliseconds of the Unix epoch, or since then. */
const MIN_TIME = 1e11;
/** What follows them depends on the time, or on how Redis keeps a stream in memory. */
const TIME_NAMES: readonly unknown[] = ["idle", "inactive", "seen-time", "radix-tree-nodes"];

/** A reply without what may differ. */
export function normalized(reply: WireReply, comparison: Comparison): unknown {
  switch (comparison) {
    case "exact":
      return reply;
    case "near":
      return typeof reply === "number" && reply > 0 ? "a time" : reply;
    case "times":
      return withoutTimes(reply);
    case "shape":
      return shapeOf(reply);
    case "unordered":
      return mapped(reply, sorted);
    case "pairs":
      return mapped(reply, sortedPairs);
    case "scan":
      return scanned(reply, sorted);
    case "scan pairs":
      return scanned(reply, sortedPairs);
  }
}

/** True if two replies agree. */
export function agree(ours: WireReply, theirs: WireReply, comparison: Comparison): boolean {
  if (comparison === "near" && typeof ours === "number" && typeof theirs === "number") {
    if (Math.abs(ours - theirs) > NEAR) return false;
  }
  return JSON.stringify(normalized(ours, comparison)) ===
    JSON.stringify(normalized(theirs, comparison));
}

function withoutTimes(reply: WireReply): unknown {
  if (typeof reply === "number") return Math.abs(reply) > MIN_TIME ? "a time" : reply;
  if (Array.isArray(reply)) {
    return reply.map((item, i) => isTime(reply, i) ? "a time" : withoutTimes(item));
  }
  if (typeof reply !== "object" || reply === null) return reply;
  const [[type, items]] = Object.entries(reply);
  return { [type]: withoutTimes(items as WireReply) };
}

/** True for a value after such a name, and for the third element of what `XPENDING` lists. */
function isTime(items: readonly WireReply[], i: number): boolean {
  const isPending = items.length === 4 && typeof items[2] === "number" &&
    typeof items[1] === "string";
  return isPending && i === 2 || i % 2 === 1 && TIME_NAMES.includes(items[i - 1]);
}

function sorted(items: readonly WireReply[]): WireReply[] {
  return items.toSorted((a, b) => JSON.stringify(a) < JSON.stringify(b) ? -1 : 1);
}

function sortedPairs(items: readonly WireReply[]): WireReply[] {
  const pairs = Array.from({ length: items.length / 2 }, (_, i) => items.slice(2 * i, 2 * i + 2));
  return sorted(pairs.map((pair) => [...pair])).flat();
}

/** Applies a function to the items of an array, a set or a map. */
function mapped(reply: WireReply, change: (items: readonly WireReply[]) => WireReply[]): unknown {
  if (Array.isArray(reply)) return change(reply);
  if (typeof reply !== "object" || reply === null) return reply;
  const [[type, items]] = Object.entries(reply);
  return Array.isArray(items) ? { [type]: change(items) } : reply;
}

function scanned(reply: WireReply, change: (items: readonly WireReply[]) => WireReply[]): unknown {
  if (!Array.isArray(reply)) return reply;
  return [reply[0], change(reply[1] as WireReply[])];
}

/** Types and numbers of elements. */
function shapeOf(reply: WireReply): unknown {
  if (typeof reply === "string" || typeof reply === "number") return typeof reply;
  if (Array.isArray(reply)) return reply.map(shapeOf);
  if (typeof reply === "object" && reply !== null && !("error" in reply)) {
    const [[type, items]] = Object.entries(reply);
    return [type, Array.isArray(items) ? items.map(shapeOf) : "text"];
  }
  return reply;
}
