/**
 * Who comes to which failpoint.
 *
 * @module
 */

import { type PatternName, PATTERNS } from "../patterns.ts";
import type { Part } from "../task.ts";
import { ACK_POINTS, OTHER_POINTS, type PointName, POINTS } from "./points.ts";

/** Points that are passed while a channel is new, and hardly ever again. */
const FIRST: { [part in Part]?: readonly PointName[] } = {
  publisher: creating("RESERVE_MOVED", "TOTAL_HEAD", "RING_SEALED", "RING_PLACED"),
  subscriber: creating("RESERVE_MOVED", "REGION_BYTES", "REGION_SEALED", "REGION_PLACED"),
  pusher: creating("RESERVE_MOVED", "TOTAL_HEAD", "RING_SEALED", "RING_PLACED"),
  puller: creating(),
  acknowledger: creating(
    "RESERVE_MOVED",
    ...ACK_POINTS.filter((name) => /^(SHELF|ROOM)_/.test(name)),
  ),
  requester: creating(
    "RESERVE_MOVED",
    "TOTAL_HEAD",
    "RING_SEALED",
    "RING_PLACED",
    "REGION_BYTES",
    "REGION_SEALED",
    "REGION_PLACED",
  ),
  replier: creating("RESERVE_MOVED"),
};

function creating(...more: PointName[]): PointName[] {
  return [
    ...POINTS.filter((name) => /^(SIGN|FORMAT)_/.test(name)),
    "create",
    "reserve",
    "link",
    ...more,
  ];
}

const JOINING = POINTS.filter((name) => /^(JOIN|LEAVE)_/.test(name) && name !== "LEAVE_LANE");
const ATTACHING: PointName[] = [
  ...JOINING,
  "RECLAIM_OWNED",
  "SUM_READ",
  "SUM_STORED",
  "makeFifo",
  "rename",
  "open",
  "status",
  "lock",
  "share",
  "unshare",
  "isSharedByOthers",
  "map",
  "unlink",
  "unmap",
  "close",
  "openFifo",
];
const SLEEPING: PointName[] = ["SLEEP_KIND", "SLEEP_ANNOUNCED", "SLEEP_OVER"];
const WAKING: PointName[] = ["ROUSE_TAKEN", "ROUSE_WOKEN", "openFifoToRing", "ring", "wake"];
const SENDING: PointName[] = [
  ...ATTACHING,
  ...WAKING,
  "LANE_OWNED",
  "LANE_NOTED",
  "RING_SHOWN",
  "LEAVE_LANE",
  "CLAIM_PADDED",
  "RECORD_SIZED",
  "CLAIM_WRITTEN",
  "COMMIT_BEGUN",
  "COMMIT_LAST",
  "COMMIT_COUNTED",
  "COMMIT_PUBLISHED",
  "COMMIT_TOLD",
  "OTHERS_HEAD",
  "OTHERS_COUNT",
];
const TAKING: PointName[] = [
  ...ATTACHING,
  ...SLEEPING,
  ...WAKING,
  "TAKE_COPIED",
  "TAKE_MOVED",
  "OTHERS_TAIL",
  "TURN_COUNTED",
  "TURN_LED",
  "TURN_LEFT",
  "TURN_RAISED",
  "TURN_JOINED",
  "TURN_PUT_OUT",
];

const ALWAYS: Record<Part, readonly PointName[]> = {
  publisher: [...SENDING, "CLAIM_HIDDEN", "FORGET_COUNTED", "FORGET_MOVED", "FORGET_TOLD"],
  subscriber: [
    ...ATTACHING,
    ...SLEEPING,
    "DROPPED_COUNTED",
    "TAKE_COPIED",
    "CURSORS_CLEARED",
    "CURSOR_MOVED",
    "CURSOR_COUNTED",
  ],
  pusher: [...SENDING, ...SLEEPING, "CLAIM_HIDDEN", "DROPPED_COUNTED"],
  puller: [...TAKING, "HOLD_LANE", "HOLD_POSITION", "HOLD_ADDED", "HOLD_OVER"],
  acknowledger: [
    ...TAKING,
    ...ACK_POINTS.filter((name) => !/^SHELF_/.test(name) && !OTHER_POINTS.includes(name)),
  ],
  requester: [
    ...SENDING,
    ...SLEEPING,
    "REQUEST_QUEUED",
    "REPLY_SEEN",
    "REQUEST_FREED",
    "REQUEST_CANCELLED",
    "REQUEST_ABANDONED",
  ],
  replier: [
    ...TAKING,
    "REQUEST_TAKEN",
    "REPLY_BEGUN",
    "REPLY_WRITTEN",
    "REPLY_PLACED",
    "REPLY_MEASURED",
    "REPLY_FLAGGED",
    "REPLY_SEALED",
    "REPLY_DONE",
    "REPLY_TOLD",
  ],
};

/** Something to be done to somebody at a failpoint. */
export interface Scenario {
  pattern: PatternName;
  part: Part;
  point: PointName;
  deed: "kill" | "stop";
  /** The point is passed while the channel is new. */
  isFirst: boolean;
}

/** All scenarios of a pattern. */
export function scenariosOf(pattern: PatternName): Scenario[] {
  const { senders, receivers } = PATTERNS[pattern];
  return [senders, receivers].flatMap((part) =>
    (["kill", "stop"] as const).flatMap((deed) => [
      ...(FIRST[part] ?? []).map((point) => ({ pattern, part, point, deed, isFirst: true })),
      ...ALWAYS[part].map((point) => ({ pattern, part, point, deed, isFirst: false })),
    ])
  );
}

/** Each point once: other patterns, parts and deeds with each seed. */
export function oneOfEach(seed: number, patterns: readonly PatternName[]): Scenario[] {
  const all = patterns.flatMap(scenariosOf);
  return POINTS.flatMap((point, at) => {
    const choices = all.filter((scenario) => scenario.point === point);
    return choices.length === 0 ? [] : choices[(seed * 7 + at * 5) % choices.length];
  });
}
