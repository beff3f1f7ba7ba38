/**
 * The structures of a segment, described as data: each field once, with its offset in wasm/layout.ts.
 * The readers of tables.ts, inspection, the command line and the drawings in the pages follow from it.
 *
 * @module
 */

import { Describer, type Field } from "../base/structure.ts";
import { matchesChecksum } from "./checksum.ts";
import * as layout from "../../wasm/layout.ts";

const describe = new Describer(layout);

/** A word, and whether the check beside it is right. */
export interface CheckedWord {
  readonly value: number;
  readonly isIntact: boolean;
}

/** A 32-bit word in the lower half, its check in the upper half. */
function checkedWordAt(view: DataView, at: number): CheckedWord {
  const value = view.getUint32(at, true);
  return { value, isIntact: matchesChecksum(value, view.getUint32(at + 4, true)) };
}

/** A number of lanes in the lower half, its complement in the upper half. */
function laneCountAt(view: DataView, at: number): CheckedWord {
  const word = view.getUint32(at, true);
  const value = word & 0xffff;
  const isIntact = ((value | (~value << 16)) >>> 0) === word && value <= layout.MAX_LANES;
  return { value, isIntact };
}

/** Flags in the lower half, their complement in the upper half. */
function flagsAt(view: DataView, at: number): { isPersistent: boolean; isIntact: boolean } {
  const word = view.getUint32(at, true);
  const flags = word & 0xffff;
  return {
    isPersistent: (flags & layout.FLAG_PERSIST) !== 0,
    isIntact: ((flags | (~flags << 16)) >>> 0) === word && flags <= layout.FLAG_PERSIST,
  };
}

/** Sets of participants have a bit for each. */
function setOf(name: keyof typeof layout, label: string): Field<Uint8Array<ArrayBufferLike>> {
  return describe.raw(name, layout.MAX_PARTICIPANTS / 8, label);
}

/** The header. */
export const HEADER = describe.structure("Header", "HEADER_", layout.HEADER_BYTES, {
  magic: describe.raw("HEADER_MAGIC", 8, "magic", "magic number, the letters `RINGBUS1`"),
  version: describe.u64("HEADER_VERSION", "version", `version of the layout, ${layout.VERSION}`),
  head: describe.u64("HEADER_HEAD", "head", "bytes ever committed, over all lanes"),
  tail: describe.u64("HEADER_TAIL", "tail", "bytes ever taken or overwritten, over all lanes"),
  status: describe.u64(
    "HEADER_STATUS",
    "status",
    `${layout.STATUS_OPEN} open, ${layout.STATUS_CLOSED} closed for everyone`,
  ),
  messages: describe.u64("HEADER_COUNT", "messages", "messages ever committed"),
  dropped: describe.u64(
    "HEADER_DROPPED",
    "dropped",
    "messages ever dropped: rejected because a ring was full, or missed",
  ),
  kind: describe.u32(
    "HEADER_KIND",
    "kind",
    `${layout.KIND_QUEUE} queue (push/pull), ${layout.KIND_BROADCAST} broadcast ` +
      `(publish/subscribe), ${layout.KIND_REQUEST} request, ${layout.KIND_JOURNAL} journal, ` +
      `${layout.KIND_LATEST} latest values, ${layout.KIND_SIGNAL} signal`,
  ),
  flags: describe.field(
    "HEADER_FLAGS",
    4,
    "flags",
    flagsAt,
    `${layout.FLAG_PERSIST} for a persistent segment; the upper half is the complement of the lower`,
  ),
  capacityBytes: describe.u64(
    "HEADER_CAPACITY",
    "capacity",
    "bytes of the first ring, and of the rings of senders that name no capacity",
  ),
  end: describe.field(
    "HEADER_END",
    8,
    "end",
    checkedWordAt,
    "end of the segment; the upper half is a check over the lower",
  ),
  lanes: describe.field(
    "HEADER_LANES",
    4,
    "lanes",
    laneCountAt,
    "lanes in use; the upper half is the complement of the lower",
  ),
  check: describe.u32(
    "HEADER_CHECK",
    "check",
    "check over version, kind, capacity and codec",
  ),
  attachGate: describe.u32(
    "HEADER_ATTACH_GATE",
    "attach gate",
    "number of attachments so far, or the mark that the segment is being deleted",
  ),
});

/** The control block, up to its tables. */
export const CONTROL = describe.structure(
  "Control block",
  "CONTROL_",
  layout.CONTROL_PARTICIPANTS,
  {
    codec: describe.raw(
      "CONTROL_CODEC",
      layout.CODEC_BYTES,
      "codec id, zeros while it is open",
    ),
    createdAt: describe.f64("CONTROL_CREATED_AT", "created at"),
    creatorPid: describe.u32("CONTROL_CREATOR_PID", "creator pid"),
    chooserPid: describe.u32("CONTROL_CHOOSER_PID", "codec's pid"),
    chosenCodec: describe.field(
      "CONTROL_CHOSEN_CODEC",
      8,
      "codec, chosen later, with its check",
      optionalWordAt,
    ),
    chosenAt: describe.f64("CONTROL_CHOSEN_AT", "codec chosen at"),
    receiverWaiters: setOf("CONTROL_RECEIVER_WAITERS", "waiting receivers, a bit each"),
    senderWaiters: setOf("CONTROL_SENDER_WAITERS", "waiting senders"),
    requesterWaiters: setOf("CONTROL_REQUESTER_WAITERS", "waiting requesters"),
    fairnessSet: setOf("CONTROL_FAIRNESS_SET", "receivers under fairness"),
    pins: setOf("CONTROL_PINS", "receivers that read in place"),
    returns: describe.u32("CONTROL_RETURNS", "returns"),
    corrections: describe.u32("CONTROL_CORRECTIONS", "corrections"),
    othersHead: describe.u64("CONTROL_OTHERS_HEAD", "heads of all lanes but 0"),
    othersCount: describe.u64("CONTROL_OTHERS_COUNT", "counts of all lanes but 0"),
    othersTail: describe.u64("CONTROL_OTHERS_TAIL", "tails of all lanes but 0"),
    maxServiceCount: describe.u32("CONTROL_MAX_SERVICE_COUNT", "highest service count"),
    leaseTables: describe.field(
      "CONTROL_LEASE_TABLES",
      layout.MAX_LEASE_TABLES * 8,
      "lease tables, each with its check",
      leaseTableWordsAt,
    ),
  },
);

/** Where the lease tables are, the smallest first; 0 for one that does not exist. */
function leaseTableWordsAt(view: DataView, at: number): CheckedWord[] {
  return Array.from(
    { length: layout.MAX_LEASE_TABLES },
    (_, table) => optionalWordAt(view, at + table * 8),
  );
}

/** A checked word that is 0, check included, until it is written. */
function optionalWordAt(view: DataView, at: number): CheckedWord {
  const isUnused = view.getBigUint64(at, true) === 0n;
  return isUnused ? { value: 0, isIntact: true } : checkedWordAt(view, at);
}

/** An entry of the table of participants. */
export const PARTICIPANT = describe.structure(
  "Participant",
  "PARTICIPANT_",
  layout.PARTICIPANT_BYTES,
  {
    isolate: describe.i64("PARTICIPANT_ISOLATE", "isolate, 0 if free"),
    role: describe.u32("PARTICIPANT_ROLE", "role"),
    pid: describe.u32("PARTICIPANT_PID", "pid"),
    sinceMs: describe.f64("PARTICIPANT_SINCE", "since"),
    lanePlus1: describe.u32("PARTICIPANT_LANE", "lane + 1"),
    generation: describe.u32("PARTICIPANT_GENERATION", "generation"),
    region: describe.u32("PARTICIPANT_REGION", "region"),
    regionBytes: describe.u32("PARTICIPANT_REGION_BYTES", "its bytes"),
    pin: describe.position("PARTICIPANT_PIN", "position read in place"),
    pinLane: describe.u32("PARTICIPANT_PIN_LANE", "on this lane"),
    heap: describe.u32("PARTICIPANT_HEAP", "reply heap"),
    heapBytes: describe.u32("PARTICIPANT_HEAP_BYTES", "its bytes, or view"),
    died: describe.u32("PARTICIPANT_DIED", "last generation that died"),
    wake: describe.u32("PARTICIPANT_WAKE", "wake word"),
    waitKind: describe.u32("PARTICIPANT_WAIT_KIND", "wait kind"),
    serviceCount: describe.u32("PARTICIPANT_SERVICE_COUNT", "service count"),
    fence: describe.u32("PARTICIPANT_FENCE", "own fence"),
    regionCheck: describe.u32("PARTICIPANT_REGION_CHECK", "region's check"),
    heapCheck: describe.u32("PARTICIPANT_HEAP_CHECK", "heap's check"),
    label: describe.raw("PARTICIPANT_LABEL", layout.LABEL_BYTES, "label"),
  },
);

/** An entry of the table of lanes. Positions count bytes since the channel was created. */
export const LANE = describe.structure("Lane", "LANE_", layout.LANE_BYTES, {
  head: describe.position("LANE_HEAD", "head"),
  count: describe.position("LANE_COUNT", "messages committed"),
  last: describe.position("LANE_LAST", "position of the newest record"),
  ownerPlus1: describe.u32("LANE_OWNER", "writer + 1"),
  data: describe.u32("LANE_DATA", "ring"),
  blocks: describe.u32("LANE_BLOCKS", "big messages"),
  blocksBytes: describe.u32("LANE_BLOCKS_BYTES", "their bytes"),
  dataCheck: describe.u32("LANE_DATA_CHECK", "ring's check"),
  blocksCheck: describe.u32("LANE_BLOCKS_CHECK", "their check"),
  capacity: describe.u32("LANE_CAPACITY", "ring's bytes"),
  loanMs: describe.f64("LANE_LOAN", "loan since"),
  tail: describe.position("LANE_TAIL", "tail"),
  tailCount: describe.position("LANE_TAIL_COUNT", "messages overwritten"),
});

/** The size and the frame before a record's payload. */
export const RECORD = describe.structure(
  "Record, before its payload",
  "RECORD_",
  layout.RECORD_PAYLOAD,
  {
    size: describe.u64("RECORD_SIZE", "size: bytes of the payload + 8"),
    frame: describe.u64("RECORD_FRAME", "frame: number, flags, check"),
  },
);

/** A subscriber's cursor. */
export const CURSOR = describe.structure(
  "Cursor of a subscriber, one a lane",
  "CURSOR_",
  layout.CURSOR_BYTES,
  {
    position: describe.position("CURSOR_POSITION", "position"),
    sequence: describe.position("CURSOR_SEQUENCE", "number of the message there"),
  },
);

/** A requester's region. */
export const REQUEST_REGION = describe.structure(
  "Region of a requester",
  "REQUEST_",
  layout.REQUEST_SLOTS + layout.MAX_REQUESTS * layout.SLOT_BYTES,
  {
    done: describe.raw("REQUEST_DONE", layout.MAX_REQUESTS / 8, "arrived replies, a bit each"),
    slots: describe.raw("REQUEST_SLOTS", layout.MAX_REQUESTS * layout.SLOT_BYTES, "slots"),
  },
);

/** A slot of a request, in its requester's region. */
export const REQUEST_SLOT = describe.structure("Request slot", "SLOT_", layout.SLOT_BYTES, {
  state: describe.field("SLOT_STATE", 8, "generation, status, replier", (view, at) => ({
    generation: view.getUint32(at, true),
    status: view.getUint8(at + 4),
    replierPlus1: view.getUint16(at + 5, true),
  })),
  offset: describe.u64("SLOT_OFFSET", "reply's offset"),
  length: describe.u32("SLOT_LENGTH", "its bytes"),
  flags: describe.u32("SLOT_FLAGS", "its flags"),
  check: describe.u32("SLOT_CHECK", "its check"),
  afterMs: describe.u32("SLOT_SINCE", "since"),
});

/** A slot of a lease table. */
export const LEASE_SLOT = describe.structure(
  "Lease slot",
  "LEASE_SLOT_",
  layout.LEASE_SLOT_BYTES,
  {
    state: describe.field("LEASE_SLOT_STATE", 8, "status, puller, deliveries, use", (view, at) => ({
      status: view.getUint8(at),
      puller: view.getUint8(at + 1),
      deliveries: view.getUint16(at + 4, true),
      use: view.getUint16(at + 6, true),
    })),
    position: describe.position("LEASE_SLOT_POSITION", "position on its lane"),
    lane: describe.u32("LEASE_SLOT_LANE", "lane"),
    length: describe.u32("LEASE_SLOT_LENGTH", "bytes"),
    flags: describe.u32("LEASE_SLOT_FLAGS", "flags"),
    check: describe.u32("LEASE_SLOT_CHECK", "check"),
    buffer: describe.u32("LEASE_SLOT_BUFFER", "buffer"),
    bufferBytes: describe.u32("LEASE_SLOT_BUFFER_BYTES", "buffer's bytes"),
    bufferCheck: describe.u32("LEASE_SLOT_BUFFER_CHECK", "buffer's check"),
    return: describe.u32("LEASE_SLOT_RETURN", "number of its return"),
    heads: describe.position("LEASE_SLOT_HEADS", "heads at its return"),
    sinceMs: describe.f64("LEASE_SLOT_SINCE", "since"),
  },
);

/** The index of latest values, in place of the first ring. */
export const INDEX = describe.structure(
  "Segment of latest values up to its control block, behind the header",
  "INDEX_",
  layout.INDEX_END,
  {
    clock: describe.f64("INDEX_CLOCK", "clock: start of the machine"),
    boot: describe.u32("INDEX_BOOT", "hash of the boot id"),
    hasTtl: describe.u32("INDEX_HAS_TTL", "1 with a ttl"),
    changes: describe.u32("INDEX_CHANGES", "changes"),
    chunks: describe.raw("INDEX_CHUNKS", layout.MAX_CHUNKS * 8, "chunks, each with its check"),
    buckets: describe.raw("INDEX_BUCKETS", layout.BUCKETS * 8, "buckets: cell and version"),
  },
);

/** The counts of a signal, in place of the first ring. */
export const SIGNAL = describe.structure(
  "Segment of a signal up to its control block, behind the header",
  "SIGNAL_",
  layout.SIGNAL_END,
  { counts: describe.raw("SIGNAL_COUNTS", layout.MAX_IDS * 4, "notifications of each id") },
);

/** The beginning of a chunk. */
export const CHUNK = describe.structure("Chunk of cells", "CHUNK_", layout.CHUNK_CELLS, {
  contents: describe.field(
    "CHUNK_CONTENTS",
    8,
    "number and size of its cells, and a check",
    checkedWordAt,
  ),
});

/** A cell, before its key and its value. */
export const CELL = describe.structure("Cell of a latest value", "CELL_", layout.CELL_DATA, {
  state: describe.field("CELL_STATE", 8, "status, writer, use", (view, at) => ({
    status: view.getUint8(at),
    writer: view.getUint8(at + 1),
    use: view.getUint32(at + 4, true),
  })),
  bucket: describe.u32("CELL_BUCKET", "bucket"),
  length: describe.u32("CELL_LENGTH", "bytes of the value"),
  keyBytes: describe.u32("CELL_KEY_BYTES", "bytes of the key"),
  flags: describe.u32("CELL_FLAGS", "flags"),
  expiresMs: describe.f64("CELL_EXPIRES", "expires at"),
  check: describe.u32("CELL_CHECK", "check"),
});
