/**
 * What stands where in a segment and in a recording: every offset of their descriptors, wasm/layout.ts and
 * lib/recording/layout.ts, with its size and its meaning.
 *
 * @module
 */

import * as recording from "../../lib/recording/layout.ts";
import * as layout from "../../wasm/layout.ts";

/** A module of offsets. */
type Descriptor = Readonly<Record<string, unknown>>;

/** A part of a structure. */
export interface Field {
  /** The constant that says where it begins. */
  readonly name: string;
  readonly offset: number;
  readonly bytes: number;
  /** Its name in a drawing. */
  readonly label: string;
  /** What it means, where a table explains it. */
  readonly meaning?: string;
}

/** Fields behind each other. */
export interface Structure {
  readonly title: string;
  /** Where its offsets are. */
  readonly descriptor: Descriptor;
  /** What the names of its offsets begin with. */
  readonly prefix: string;
  readonly bytes: number;
  readonly fields: readonly Field[];
}

type Row<Name> = [name: Name, bytes: number, label: string, meaning?: string];

function structureOf<D extends Descriptor>(descriptor: D) {
  return (
    title: string,
    prefix: string,
    bytes: number,
    rows: Row<keyof D & string>[],
  ): Structure => ({
    title,
    descriptor,
    prefix,
    bytes,
    fields: rows.map(([name, bytes, label, meaning]) => {
      return { name, offset: descriptor[name] as number, bytes, label, meaning };
    }),
  });
}

const structure = structureOf(layout);
const recorded = structureOf(recording);

/** The header. */
export const HEADER: Structure = structure("Header", "HEADER_", layout.HEADER_BYTES, [
  ["HEADER_MAGIC", 8, "magic", "magic number, the letters `RINGBUS1`"],
  ["HEADER_VERSION", 8, "version", `version of the layout, ${layout.VERSION}`],
  ["HEADER_HEAD", 8, "head", "bytes ever committed, over all lanes"],
  ["HEADER_TAIL", 8, "tail", "bytes ever taken or overwritten, over all lanes"],
  [
    "HEADER_STATUS",
    8,
    "status",
    `${layout.STATUS_OPEN} open, ${layout.STATUS_CLOSED} closed for everyone`,
  ],
  ["HEADER_COUNT", 8, "messages", "messages ever committed"],
  [
    "HEADER_DROPPED",
    8,
    "dropped",
    "messages ever dropped: refused because a ring was full, or missed",
  ],
  [
    "HEADER_KIND",
    4,
    "kind",
    `${layout.KIND_QUEUE} queue (push/pull), ${layout.KIND_BROADCAST} broadcast ` +
    `(publish/subscribe), ${layout.KIND_REQUEST} request, ${layout.KIND_JOURNAL} journal`,
  ],
  ["HEADER_FLAGS", 4, "flags", `${layout.FLAG_PERSIST} for a persistent segment`],
  ["HEADER_CAPACITY", 8, "capacity", "bytes of each ring"],
  ["HEADER_END", 8, "end", "end of the segment; the upper half is a check over the lower"],
  ["HEADER_LANES", 4, "lanes", "lanes in use; the upper half is the complement of the lower"],
  ["HEADER_CHECK", 4, "check", "check over version, kind, flags, capacity and codec"],
  ["HEADER_ATTACH_GATE", 4, "door", "how many have come, or that nobody may any more"],
]);

/** The control block. */
export const CONTROL: Structure = structure(
  "Control block",
  "CONTROL_",
  layout.CONTROL_PARTICIPANTS,
  [
    ["CONTROL_CODEC", layout.CODEC_BYTES, "codec id"],
    ["CONTROL_CREATED_AT", 8, "created at"],
    ["CONTROL_CREATOR_PID", 4, "creator pid"],
    ["CONTROL_RECEIVER_WAITERS", 32, "receivers that sleep, a bit each"],
    ["CONTROL_SENDER_WAITERS", 32, "senders that sleep"],
    ["CONTROL_REQUESTER_WAITERS", 32, "requesters that sleep"],
    ["CONTROL_FAIRNESS_SET", 32, "receivers that take turns"],
    ["CONTROL_PINS", 32, "receivers that read in place"],
    ["CONTROL_RETURNS", 4, "returns"],
    ["CONTROL_CORRECTIONS", 4, "corrections"],
    ["CONTROL_OTHERS_HEAD", 8, "heads of all lanes but 0"],
    ["CONTROL_OTHERS_COUNT", 8, "counts of all lanes but 0"],
    ["CONTROL_OTHERS_TAIL", 8, "tails of all lanes but 0"],
    ["CONTROL_MAX_SERVICE_COUNT", 4, "most turns"],
    ["CONTROL_LEASE_TABLES", layout.MAX_LEASE_TABLES * 8, "shelves, each sealed"],
  ],
);

/** The tables and what lies in regions. */
export const TABLES: readonly Structure[] = [
  structure("Participant", "PARTICIPANT_", layout.PARTICIPANT_BYTES, [
    ["PARTICIPANT_ISOLATE", 8, "agent, 0 if free"],
    ["PARTICIPANT_ROLE", 4, "role"],
    ["PARTICIPANT_PID", 4, "pid"],
    ["PARTICIPANT_SINCE", 8, "since"],
    ["PARTICIPANT_LANE", 4, "lane + 1"],
    ["PARTICIPANT_GENERATION", 4, "generation"],
    ["PARTICIPANT_REGION", 4, "region"],
    ["PARTICIPANT_REGION_BYTES", 4, "its bytes"],
    ["PARTICIPANT_PIN", 8, "position read in place"],
    ["PARTICIPANT_PIN_LANE", 4, "on this lane"],
    ["PARTICIPANT_HEAP", 4, "room for replies"],
    ["PARTICIPANT_HEAP_BYTES", 4, "its bytes"],
    ["PARTICIPANT_WAKE", 4, "wake word"],
    ["PARTICIPANT_WAIT_KIND", 4, "how it sleeps"],
    ["PARTICIPANT_SERVICE_COUNT", 4, "turns"],
    ["PARTICIPANT_FENCE", 4, "own fence"],
    ["PARTICIPANT_REGION_CHECK", 4, "region's check"],
    ["PARTICIPANT_HEAP_CHECK", 4, "room's check"],
  ]),
  structure("Lane", "LANE_", layout.LANE_BYTES, [
    ["LANE_HEAD", 8, "head"],
    ["LANE_COUNT", 8, "messages committed"],
    ["LANE_LAST", 8, "position of the newest record"],
    ["LANE_OWNER", 4, "writer + 1"],
    ["LANE_DATA", 4, "ring"],
    ["LANE_BLOCKS", 4, "big messages"],
    ["LANE_BLOCKS_BYTES", 4, "their bytes"],
    ["LANE_DATA_CHECK", 4, "ring's check"],
    ["LANE_BLOCKS_CHECK", 4, "their check"],
    ["LANE_TAIL", 8, "tail"],
    ["LANE_TAIL_COUNT", 8, "messages overwritten"],
  ]),
  structure("Record, before its payload", "RECORD_", layout.RECORD_PAYLOAD, [
    ["RECORD_SIZE", 8, "size: bytes of the payload + 8"],
    ["RECORD_FRAME", 8, "frame: number, flags, check"],
  ]),
  structure("Cursor of a subscriber, one a lane", "CURSOR_", layout.CURSOR_BYTES, [
    ["CURSOR_POSITION", 8, "position"],
    ["CURSOR_SEQUENCE", 8, "number of the message there"],
  ]),
  structure(
    "Region of a requester",
    "REQUEST_",
    layout.REQUEST_SLOTS + layout.MAX_REQUESTS * layout.SLOT_BYTES,
    [
      ["REQUEST_DONE", layout.MAX_REQUESTS / 8, "replies that have come, a bit each"],
      ["REQUEST_SLOTS", layout.MAX_REQUESTS * layout.SLOT_BYTES, "slots"],
    ],
  ),
  structure("Slot of a request", "SLOT_", layout.SLOT_BYTES, [
    ["SLOT_STATE", 8, "generation, status, replier"],
    ["SLOT_OFFSET", 8, "reply's place"],
    ["SLOT_LENGTH", 4, "its bytes"],
    ["SLOT_FLAGS", 4, "its flags"],
    ["SLOT_CHECK", 4, "its check"],
  ]),
  structure("Place on a shelf", "LEASE_SLOT_", layout.LEASE_SLOT_BYTES, [
    ["LEASE_SLOT_STATE", 8, "status, puller, deliveries, use"],
    ["LEASE_SLOT_POSITION", 8, "position on its lane"],
    ["LEASE_SLOT_LANE", 4, "lane"],
    ["LEASE_SLOT_LENGTH", 4, "bytes"],
    ["LEASE_SLOT_FLAGS", 4, "flags"],
    ["LEASE_SLOT_CHECK", 4, "check"],
    ["LEASE_SLOT_BUFFER", 4, "room"],
    ["LEASE_SLOT_BUFFER_BYTES", 4, "room's bytes"],
    ["LEASE_SLOT_BUFFER_CHECK", 4, "room's check"],
  ]),
];

/** A recording's header, and an entry. */
export const RECORDING: readonly Structure[] = [
  recorded("Header of a recording", "HEADER_", recording.HEADER_BYTES, [
    ["HEADER_MAGIC", 8, "magic"],
    ["HEADER_VERSION", 4, "version"],
    ["HEADER_KIND", 4, "kind"],
    ["HEADER_CAPACITY", 4, "capacity"],
    ["HEADER_BEGUN_AT", 8, "begun at"],
    ["HEADER_CODEC", recording.CODEC_BYTES, "codec id"],
    ["HEADER_NAME", recording.NAME_BYTES, "channel name"],
    ["HEADER_CHECK", 4, "check"],
  ]),
  recorded("An entry, before its payload", "ENTRY_", recording.ENTRY_BYTES, [
    ["ENTRY_TYPE", 4, "type"],
    ["ENTRY_LENGTH", 4, "length"],
    ["ENTRY_TIME", 8, "time"],
    ["ENTRY_NUMBER", 8, "number"],
    ["ENTRY_LANE", 2, "lane"],
    ["ENTRY_FLAGS", 1, "flags"],
    ["ENTRY_CHECK", 4, "check"],
  ]),
];

/** Constants that begin as offsets do, and are none. */
export const NO_OFFSETS: ReadonlySet<string> = new Set([
  "HEADER_BYTES",
  "ENTRY_BYTES",
  "CONTROL_PARTICIPANTS",
  "CONTROL_LANES",
  "CONTROL_BYTES",
  "PARTICIPANT_BYTES",
  "LANE_BYTES",
  "LANE_BUDGET",
  "CURSOR_BYTES",
  "RECORD_PAYLOAD",
  "RECORD_PADDING",
  "RECORD_BLOCK",
  "RECORD_TENSOR",
  "RECORD_ERROR",
  "RECORD_HEADERS",
  "REQUEST_PREFIX_BYTES",
  "SLOT_BYTES",
  "SLOT_FREE",
  "SLOT_QUEUED",
  "SLOT_TAKEN",
  "SLOT_WRITING",
  "SLOT_DONE",
  "LEASE_SLOT_BYTES",
  "LEASE_SLOT_FREE",
  "LEASE_SLOT_CLAIMED",
  "LEASE_SLOT_LEASED",
  "LEASE_SLOT_RETURNED",
]);
