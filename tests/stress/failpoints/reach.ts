/**
 * The parts that reach each failpoint.
 *
 * @module
 */

import { type PatternName, PATTERNS } from "../patterns.ts";
import type { Part } from "../task.ts";
import { ACK_POINTS, OTHER_POINTS, type PointName, POINTS } from "./points.ts";

const PUBLISHER_FIRST: PointName[] = [
  "RESERVE_MOVED",
  "TOTAL_HEAD",
  "RING_SIZED",
  "RING_CHECKSUMMED",
  "RING_OFFSET",
];
const SUBSCRIBER_FIRST: PointName[] = [
  "RESERVE_MOVED",
  "REGION_BYTES",
  "REGION_CHECKSUMMED",
  "REGION_OFFSET",
];

/** Points that are passed while a channel is new, and rarely later. */
const FIRST: { [part in Part]?: readonly PointName[] } = {
  publisher: creating(...PUBLISHER_FIRST),
  announcer: creating(...PUBLISHER_FIRST),
  subscriber: creating(...SUBSCRIBER_FIRST),
  latecomer: creating(...SUBSCRIBER_FIRST),
  chooser: creating(...SUBSCRIBER_FIRST),
  pusher: creating("RESERVE_MOVED", "TOTAL_HEAD", "RING_SIZED", "RING_CHECKSUMMED", "RING_OFFSET"),
  puller: creating(),
  acknowledger: creating(
    "RESERVE_MOVED",
    ...ACK_POINTS.filter((name) => /^(LEASE_TABLE|BUFFER)_/.test(name)),
  ),
  requester: creating(
    "RESERVE_MOVED",
    "TOTAL_HEAD",
    "RING_SIZED",
    "RING_CHECKSUMMED",
    "RING_OFFSET",
    "REGION_BYTES",
    "REGION_CHECKSUMMED",
    "REGION_OFFSET",
  ),
  replier: creating("RESERVE_MOVED"),
};

function creating(...more: PointName[]): PointName[] {
  return [
    ...POINTS.filter((name) => /^(CREATOR|FORMAT)_/.test(name)),
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
  "RECLAIM_MARKED",
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
const SLEEPING: PointName[] = ["WAIT_KIND", "WAIT_ANNOUNCED", "WAIT_CANCELLED"];
const WAKING: PointName[] = ["WAKE_REMOVED", "WAKE_SIGNALLED", "openFifoToRing", "ring", "wake"];
const SENDING: PointName[] = [
  ...ATTACHING,
  ...WAKING,
  "LANE_OWNED",
  "LANE_ASSIGNED",
  "RING_PUBLISHED",
  "LEAVE_LANE",
  "CLAIM_PADDED",
  "RECORD_SIZED",
  "CLAIM_WRITTEN",
  "COMMIT_BEGUN",
  "COMMIT_LAST",
  "COMMIT_COUNTED",
  "COMMIT_PUBLISHED",
  "COMMIT_TOTALS",
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
  "FAIRNESS_COUNTED",
  "FAIRNESS_LED",
  "FAIRNESS_LEFT",
  "FAIRNESS_RAISED",
  "FAIRNESS_JOINED",
  "FAIRNESS_EVICTED",
];

const SUBSCRIBING: PointName[] = [
  ...ATTACHING,
  ...SLEEPING,
  "DROPPED_COUNTED",
  "TAKE_COPIED",
  "CURSORS_CLEARED",
  "CURSOR_MOVED",
  "CURSOR_COUNTED",
];

const PUBLISHING: PointName[] = [
  ...SENDING,
  "CLAIM_INVALIDATED",
  "LOAN_DATED",
  "EVICT_COUNTED",
  "EVICT_MOVED",
  "EVICT_TOTALS",
];

const ALWAYS: Record<Part, readonly PointName[]> = {
  publisher: PUBLISHING,
  announcer: PUBLISHING,
  subscriber: SUBSCRIBING,
  chooser: SUBSCRIBING,
  latecomer: [...SUBSCRIBING, "HISTORY_MOVED", "HISTORY_COUNTED"],
  pusher: [...SENDING, ...SLEEPING, "CLAIM_INVALIDATED", "LOAN_DATED", "DROPPED_COUNTED"],
  puller: [...TAKING, "PIN_LANE", "PIN_POSITION", "PIN_ADDED", "PIN_REMOVED", "VIEW_DATED"],
  acknowledger: [
    ...TAKING,
    ...ACK_POINTS.filter((name) => !/^LEASE_TABLE_/.test(name) && !OTHER_POINTS.includes(name)),
  ],
  requester: [
    ...SENDING,
    ...SLEEPING,
    "REQUEST_DATED",
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
    "REPLY_OFFSET",
    "REPLY_LENGTH",
    "REPLY_FLAGS",
    "REPLY_CHECKSUMMED",
    "REPLY_DONE",
    "REPLY_ANNOUNCED",
  ],
};

/** An attack on a process at a failpoint. */
export interface Scenario {
  pattern: PatternName;
  part: Part;
  point: PointName;
  deed: "kill" | "stop";
  /** True if the point is passed while the channel is new. */
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

/** Each point once. The seed selects patterns, parts and attacks. */
export function oneOfEach(seed: number, patterns: readonly PatternName[]): Scenario[] {
  const all = patterns.flatMap(scenariosOf);
  return POINTS.flatMap((point, at) => {
    const choices = all.filter((scenario) => scenario.point === point);
    return choices.length === 0 ? [] : choices[(seed * 7 + at * 5) % choices.length];
  });
}
