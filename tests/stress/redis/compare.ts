/**
 * Compares the replies of two servers.
 *
 * @module
 */

import type { WireReply } from "../../support/resp_client.ts";
import type { Comparison } from "./template.ts";

/** Numbers of the time of a call may differ by this, in their unit. */
const NEAR = 2000;

/** A reply without what may differ. */
export function normalized(reply: WireReply, comparison: Comparison): unknown {
  switch (comparison) {
    case "exact":
      return reply;
    case "near":
      return typeof reply === "number" && reply > 0 ? "a time" : reply;
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
