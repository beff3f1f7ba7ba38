/**
 * The one description of a segment's bytes. It is compiled into the WebAssembly module and imported
 * by TypeScript, so every offset exists once. All numbers are little-endian.
 *
 * ```text
 *     0 +--------------------------------------------------------------+
 *       | header, 128 bytes: magic, version, head, tail, status,       |
 *       | message count, dropped count, then what an attacher has to   |
 *       | know first: kind, capacity, end, lanes                       |
 *   128 +--------------------------------------------------------------+
 *       | ring data of lane 0, `capacity` bytes                        |
 *       +--------------------------------------------------------------+ <- control, a multiple of 64
 *       | control block: codec, creator, sets of waiters, totals       |
 *       | participants: MAX_PARTICIPANTS slots                         |
 *       | lanes: MAX_LANES entries                                     |
 *       +--------------------------------------------------------------+ <- end of a new segment
 *       | regions, added as they are needed: rings of further lanes,   |
 *       | blocks of big messages, cursors, request slots, lease tables |
 *       +--------------------------------------------------------------+ <- HEADER_END
 *
 *   a record in a ring, 8-aligned, never split at the end of the ring
 *
 *       +---------------+---------------+------------------------+
 *       | size: 8 bytes | frame: 8      | payload: size - 8      |  padded to 8
 *       +---------------+---------------+------------------------+
 *       frame: [0-31] sequence  [32-39] flags  [40-63] checksum over position, size, sequence, flags
 *       size 0: eight bytes of padding, no frame
 * ```
 *
 * A *lane* is a ring with a single writer; each sender owns one. Its head counts all bytes that were
 * committed, and its tail all bytes that were released. Both are 64-bit positions that never wrap; the
 * offset in the ring is the position modulo the capacity. A writer that dies leaves nothing to repair:
 * bytes beyond the head are not published. A receiver of a queue copies a record, and then moves the
 * lane's tail with one compare-and-swap. A receiver of a broadcast keeps a cursor per lane; after the copy
 * it reads the tail again, which the writer moves before it overwrites a record.
 *
 * @module
 */

/** "RINGBUS1" read as a little-endian 64-bit integer, low half. */
export const MAGIC_LOW = 0x474e4952;
/** "RINGBUS1" read as a little-endian 64-bit integer, high half. */
export const MAGIC_HIGH = 0x31535542;
/** Layout version; segments of other versions are rejected. */
export const VERSION = 3;

// Header: the documented format fixes the first 56 bytes, and reserves the others.
export const HEADER_MAGIC = 0;
export const HEADER_VERSION = HEADER_MAGIC + 8;
export const HEADER_HEAD = HEADER_VERSION + 8;
export const HEADER_TAIL = HEADER_HEAD + 8;
export const HEADER_STATUS = HEADER_TAIL + 8;
export const HEADER_COUNT = HEADER_STATUS + 8;
export const HEADER_DROPPED = HEADER_COUNT + 8;
export const HEADER_KIND = HEADER_DROPPED + 8;
export const HEADER_FLAGS = HEADER_KIND + 4;
export const HEADER_CAPACITY = HEADER_FLAGS + 4;
export const HEADER_END = HEADER_CAPACITY + 8;
export const HEADER_LANES = HEADER_END + 8;
export const HEADER_CHECK = HEADER_LANES + 4;
// How many participants have attached, or that the gate is closed; see lib/segment/lifecycle.ts.
export const HEADER_ATTACH_GATE = HEADER_CHECK + 4;
export const HEADER_BYTES = 128;

/** Attach gate: the last participant has left, and the segment is to be deleted. */
export const ATTACH_GATE_CLOSED = 0x52454454;

/** Status word: the channel is open. */
export const STATUS_OPEN = 0;
/** Status word: the channel was closed for all participants, and all waits end. */
export const STATUS_CLOSED = 1;

/** Each message goes to exactly one receiver. */
export const KIND_QUEUE = 1;
/** Each receiver gets every message. */
export const KIND_BROADCAST = 2;
/** A queue of requests, whose receivers write replies into slots of the sender. */
export const KIND_REQUEST = 3;
/** No rings: the root of a journal, whose records lie in files of their own. */
export const KIND_JOURNAL = 4;
/** No rings: in place of the first one it has the index of keyed values, which lie in cells. */
export const KIND_LATEST = 5;
/** No rings: in place of the first one it has a count for each id of a signal. */
export const KIND_SIGNAL = 6;

/** Header flag: the segment outlives its participants. */
export const FLAG_PERSIST = 1;

// Control block, relative to its start.
export const CONTROL_CODEC = 0;
export const CODEC_BYTES = 32;
export const CONTROL_CREATED_AT = CONTROL_CODEC + CODEC_BYTES;
export const CONTROL_CREATOR_PID = CONTROL_CREATED_AT + 8;
// The codec that was chosen after the channel was created, with its checksum: the number of a built-in one,
// or the offset of a region with its id. Then the process that chose it, and when.
export const CONTROL_CHOOSER_PID = CONTROL_CREATOR_PID + 4;
export const CONTROL_CHOSEN_CODEC = CONTROL_CHOOSER_PID + 4;
export const CONTROL_CHOSEN_AT = CONTROL_CHOSEN_CODEC + 8;
// One cache line that senders and receivers only read while no participant waits.
export const CONTROL_RECEIVER_WAITERS = 64;
export const CONTROL_SENDER_WAITERS = CONTROL_RECEIVER_WAITERS + 32;
// Requesters that wait for a reply, receivers in the fairness set, receivers that read in place.
export const CONTROL_REQUESTER_WAITERS = CONTROL_SENDER_WAITERS + 32;
export const CONTROL_FAIRNESS_SET = CONTROL_REQUESTER_WAITERS + 32;
export const CONTROL_PINS = CONTROL_FAIRNESS_SET + 32;
// How often messages were returned, and how often the totals below were corrected. All participants read
// these all the time, so they lie on a line that is rarely written.
export const CONTROL_RETURNS = CONTROL_PINS + 32;
export const CONTROL_CORRECTIONS = CONTROL_RETURNS + 4;
// What the lanes other than the first add to the header's totals: two words that senders write, then one
// that receivers write.
export const CONTROL_OTHERS_HEAD = CONTROL_RECEIVER_WAITERS + 192;
export const CONTROL_OTHERS_COUNT = CONTROL_OTHERS_HEAD + 8;
export const CONTROL_OTHERS_TAIL = CONTROL_OTHERS_HEAD + 64;
// The largest service count of any receiver.
export const CONTROL_MAX_SERVICE_COUNT = CONTROL_OTHERS_TAIL + 64;
// Offsets of the lease tables, each with its checksum.
export const CONTROL_LEASE_TABLES = CONTROL_MAX_SERVICE_COUNT + 8;
export const CONTROL_PARTICIPANTS = CONTROL_MAX_SERVICE_COUNT + 64;

/** Sockets that can be attached to one channel at once. */
export const MAX_PARTICIPANTS = 256;
/** Senders that can be attached to one channel at once. */
export const MAX_LANES = 128;

// A participant's slot. The isolate word claims it: 0 is free.
export const PARTICIPANT_ISOLATE = 0;
export const PARTICIPANT_ROLE = PARTICIPANT_ISOLATE + 8;
export const PARTICIPANT_PID = PARTICIPANT_ROLE + 4;
export const PARTICIPANT_SINCE = PARTICIPANT_PID + 4;
export const PARTICIPANT_LANE = PARTICIPANT_SINCE + 8;
export const PARTICIPANT_GENERATION = PARTICIPANT_LANE + 4;
export const PARTICIPANT_REGION = PARTICIPANT_GENERATION + 4;
export const PARTICIPANT_REGION_BYTES = PARTICIPANT_REGION + 4;
export const PARTICIPANT_PIN = PARTICIPANT_REGION_BYTES + 4;
export const PARTICIPANT_PIN_LANE = PARTICIPANT_PIN + 8;
export const PARTICIPANT_HEAP = PARTICIPANT_PIN_LANE + 4;
export const PARTICIPANT_HEAP_BYTES = PARTICIPANT_HEAP + 4;
// Of a puller, which has no heap: milliseconds from its attaching until the view that it has open.
export const PARTICIPANT_VIEW = PARTICIPANT_HEAP_BYTES;
// The generation of the last participant here that did not leave by itself.
export const PARTICIPANT_DIED = PARTICIPANT_HEAP_BYTES + 4;
// Other participants write to the second line when they wake this one.
export const PARTICIPANT_WAKE = 64;
export const PARTICIPANT_WAIT_KIND = PARTICIPANT_WAKE + 4;
export const PARTICIPANT_SERVICE_COUNT = PARTICIPANT_WAIT_KIND + 4;
export const PARTICIPANT_FENCE = PARTICIPANT_SERVICE_COUNT + 4;
export const PARTICIPANT_REGION_CHECK = PARTICIPANT_FENCE + 4;
export const PARTICIPANT_HEAP_CHECK = PARTICIPANT_REGION_CHECK + 4;
// The name that its program gave it: UTF-8, then zeros.
export const PARTICIPANT_LABEL = PARTICIPANT_HEAP_CHECK + 4;
export const LABEL_BYTES = 40;
export const PARTICIPANT_BYTES = PARTICIPANT_LABEL + LABEL_BYTES;

/** Sets of waiters: receivers that wait for messages. */
export const WAITERS_RECEIVERS = 0;
/** Senders that wait for space. */
export const WAITERS_SENDERS = 1;
/** Requesters that wait for a reply. */
export const WAITERS_REQUESTERS = 2;

/** The waiter blocks on its wake word, in the kernel or in `Atomics.wait`. */
export const WAIT_WORD = 1;
/** The waiter's event loop waits for its isolate's doorbell, or in `Atomics.waitAsync`. */
export const WAIT_DOORBELL = 2;
/** The factor, in the kind of a wait, of the number of the bell that is to ring as well. */
export const WAIT_BELL = 256;

export const CONTROL_LANES = CONTROL_PARTICIPANTS + MAX_PARTICIPANTS * PARTICIPANT_BYTES;

// A lane: the writer's cache line, then the readers' line. Processors fetch lines in pairs, so each has a
// pair of its own.
export const LANE_HEAD = 0;
export const LANE_COUNT = LANE_HEAD + 8;
export const LANE_LAST = LANE_COUNT + 8;
export const LANE_OWNER = LANE_LAST + 8;
export const LANE_DATA = LANE_OWNER + 4;
export const LANE_BLOCKS = LANE_DATA + 4;
export const LANE_BLOCKS_BYTES = LANE_BLOCKS + 4;
export const LANE_DATA_CHECK = LANE_BLOCKS_BYTES + 4;
export const LANE_BLOCKS_CHECK = LANE_DATA_CHECK + 4;
export const LANE_CAPACITY = LANE_BLOCKS_CHECK + 4;
// When the loan began that its sender has open, 0 if it has none.
export const LANE_LOAN = LANE_CAPACITY + 8;
export const LANE_TAIL = 128;
export const LANE_TAIL_COUNT = LANE_TAIL + 8;
export const LANE_BYTES = 256;

/** What `claimLane` returns if the lanes without a writer have rings of other sizes. */
export const NO_LANE_OF_SIZE = -2;

/** Bytes of the control block with its tables. */
export const CONTROL_BYTES = CONTROL_LANES + MAX_LANES * LANE_BYTES;

// A record.
export const RECORD_SIZE = 0;
export const RECORD_FRAME = RECORD_SIZE + 8;
export const RECORD_PAYLOAD = RECORD_FRAME + 8;
/** Bytes that stay free, so that a writer can pad, and an empty ring differs from a full one. */
export const RING_GAP = RECORD_PAYLOAD;
/** Longest payload that a writer copies to where the next record goes before it claims the space. */
export const PLACE_BYTES = 1024;

/** Frame flag: padding up to the end of the ring. */
export const RECORD_PADDING = 1;
/** Frame flag: the payload is a reference to a block, offset and length of 8 bytes each. */
export const RECORD_BLOCK = 2;
/** Frame flag: the payload is a tensor, with any codec. */
export const RECORD_TENSOR = 4;
/** Frame flag: a reply that carries an error. */
export const RECORD_ERROR = 8;
/** Frame flag: a header precedes the value: its length in 4 bytes, UTF-8, zeros up to 8 bytes. */
export const RECORD_HEADERS = 16;
/** Frame flag: the value is `undefined`, which has no bytes, with any codec. */
export const RECORD_UNDEFINED = 32;
/** Frame flag: a topic precedes all else in the ring, also a reference. */
export const RECORD_TOPIC = 64;

// A topic in a record: its length in bytes, the FNV-1a hash of its bytes, UTF-8, zeros up to 8 bytes.
export const TOPIC_LENGTH = 0;
export const TOPIC_HASH = TOPIC_LENGTH + 4;
export const TOPIC_TEXT = TOPIC_HASH + 4;
/** Longest topic, in bytes of UTF-8. */
export const MAX_TOPIC_BYTES = 255;

/** Bytes of a reference in a record that is flagged as a block: offset and length. */
export const REFERENCE_BYTES = 16;
/** Bytes before a message in a block: the tag that ties it to its reference. */
export const BLOCK_HEADER_BYTES = 8;

// A subscriber's region: one cursor per lane.
export const CURSOR_POSITION = 0;
export const CURSOR_SEQUENCE = CURSOR_POSITION + 8;
export const CURSOR_BYTES = CURSOR_SEQUENCE + 8;

// A requester's region: a bitmap of slots with a reply, then the slots.
/** Requests that one requester can have in flight. */
export const MAX_REQUESTS = 256;
export const REQUEST_DONE = 0;
export const REQUEST_SLOTS = REQUEST_DONE + MAX_REQUESTS / 8;
export const SLOT_STATE = 0;
export const SLOT_OFFSET = SLOT_STATE + 8;
export const SLOT_LENGTH = SLOT_OFFSET + 8;
export const SLOT_FLAGS = SLOT_LENGTH + 4;
export const SLOT_CHECK = SLOT_FLAGS + 4;
// Milliseconds from the attaching of its requester until the request.
export const SLOT_SINCE = SLOT_CHECK + 4;
export const SLOT_BYTES = 32;
/** Bytes before a request's payload: requester, slot, window, generation. */
export const REQUEST_PREFIX_BYTES = 8;
// The word before the generation: [0-15] requester  [16-23] slot  [24-31] window, 0 for a request with one reply
export const PREFIX_SLOT_SHIFT = 16;
export const PREFIX_WINDOW_SHIFT = 24;
/** Most parts of a stream that a replier has sent, or is about to send, and that are not received. */
export const MAX_WINDOW = 255;
/** Flag of a reply: parts of a stream. Its requester returns the slot to the replier. */
export const REPLY_PARTS = 256;
/** Flag of a reply: what a stream returned when it ended. */
export const REPLY_END = 512;
/** Bytes before each part: its length, and its record flags. */
export const PART_HEADER_BYTES = 8;

// Slot states: [0-31] generation  [32-39] status  [40-55] replier + 1  [56-63] its own generation
export const SLOT_FREE = 0;
export const SLOT_QUEUED = 1;
export const SLOT_TAKEN = 2;
export const SLOT_WRITING = 3;
export const SLOT_DONE = 4;

// A lease table: slots for messages that were taken and are not acknowledged, then a small buffer for each.
/** Lease tables of one channel; each has `LEASE_TABLE_GROWTH` times the slots of the one before. */
export const MAX_LEASE_TABLES = 5;
export const FIRST_LEASE_TABLE_SLOTS = 64;
export const LEASE_TABLE_GROWTH = 4;
export const LEASE_SLOT_STATE = 0;
export const LEASE_SLOT_POSITION = LEASE_SLOT_STATE + 8;
export const LEASE_SLOT_LANE = LEASE_SLOT_POSITION + 8;
export const LEASE_SLOT_LENGTH = LEASE_SLOT_LANE + 4;
export const LEASE_SLOT_FLAGS = LEASE_SLOT_LENGTH + 4;
export const LEASE_SLOT_CHECK = LEASE_SLOT_FLAGS + 4;
// Where the bytes lie, and how many there can be.
export const LEASE_SLOT_BUFFER = LEASE_SLOT_CHECK + 4;
export const LEASE_SLOT_BUFFER_BYTES = LEASE_SLOT_BUFFER + 4;
export const LEASE_SLOT_BUFFER_CHECK = LEASE_SLOT_BUFFER_BYTES + 4;
// Of a message that was returned by nack(): which return it was, 0 for none, and the sum of the heads of all
// lanes at that time, before which it does not come back.
export const LEASE_SLOT_RETURN = LEASE_SLOT_BUFFER_CHECK + 4;
export const LEASE_SLOT_HEADS = LEASE_SLOT_RETURN + 4;
// When it was leased.
export const LEASE_SLOT_SINCE = LEASE_SLOT_HEADS + 8;
export const LEASE_SLOT_BYTES = 64;
/** Bytes of the buffer that a slot has at first. */
export const SMALL_BUFFER_BYTES = 192;
/** Smallest buffer that replaces it, in bytes. */
export const LARGE_BUFFER_BYTES = 4096;
/** A buffer that is more than this many times too large is kept for larger messages. */
export const BUFFER_WASTE = 4;

// States of a lease slot: [0-7] status  [8-15] puller  [16-31] its generation  [32-47] deliveries
// [48-63] uses of the slot
export const LEASE_SLOT_FREE = 0;
/** A puller copies a message into it. */
export const LEASE_SLOT_CLAIMED = 1;
/** A puller holds the message, if its lane's tail is beyond the position; otherwise it never took it. */
export const LEASE_SLOT_LEASED = 2;
/** Its puller returned the message, or is gone: any puller may take it. */
export const LEASE_SLOT_RETURNED = 3;

// What `next` returns besides the offset of a payload.
/** Nothing to receive. */
export const NEXT_EMPTY = 0;
/** A record or a table is corrupt. */
export const NEXT_CORRUPT = -1;
/** The segment has grown beyond what this process has mapped. */
export const NEXT_UNMAPPED = -2;
/** A message is there, and it is due to another receiver. */
export const NEXT_DEFER = -3;
/** A message that was returned. */
export const NEXT_RETURNED = -4;
/** Nothing was looked for: check whether the pullers that hold messages are alive, and call again. */
export const NEXT_CHECK_OWNERS = -5;

/** How `next` is called: takes a message that is due to another receiver, too. */
export const POLL_ANY = 0;
/** Leaves a message to the waiting receiver that it is due to. */
export const POLL_FAIR = 1;
/** The same, and the caller spins: the header's totals are updated later. */
export const POLL_SPIN = 2;

// Bits that `take` and `release` return; 0 if what `next` found was lost meanwhile.
export const TAKEN = 1;
/** A sender waits for space. */
export const TAKEN_SENDER_WAITING = 2;
/** The header's tail is behind until `flushTail`. */
export const TAKEN_UNPUBLISHED = 4;
/** The message was delivered before. */
export const TAKEN_REDELIVERED = 8;
/** Messages before it were missed. */
export const TAKEN_AFTER_LOSS = 16;

/** The bits that leave room for the offset of a payload. */
export const TAKEN_IN_PLACE = 7;

/** How many messages a waiting receiver may be ahead of another waiting one. */
export const FAIRNESS_QUANTUM = 16;
/** Messages of a backlog after which a receiver updates the header's tail only now and then. */
export const PROMPT_TAIL_FLUSHES = 64;
/** Messages between two of these updates. */
export const TAIL_FLUSH_INTERVAL = 64;
/** Messages that a receiver takes from a lane before it moves to the next. */
export const LANE_BUDGET = 64;

// Latest values. In place of the first ring the segment has an index: a table of chunks, then buckets. A key
// has one bucket, by its hash. A bucket is one 64-bit word: its version in the upper half, which every
// change increments, and a cell in the lower half, as its offset divided by CELL_ALIGN, 0 for none. That
// cell has the key and the value, or, if several keys share the bucket, a list of their cells. A cell is
// never changed while a bucket refers to it: a writer fills a free cell, and then changes the bucket with
// one compare-and-swap. The cell that was replaced is free for others, and a reader that is still copying
// it notices that the use in its state has changed.
/** Where the index begins. Its first words are those of the root of a journal, whose clock it shares. */
export const INDEX_CLOCK = HEADER_BYTES + 16;
export const INDEX_BOOT = INDEX_CLOCK + 8;
/** 1 from before the first value with a time to live on. */
export const INDEX_HAS_TTL = INDEX_BOOT + 4;
/** Changes of all buckets: who watches many of them looks at this word first. */
export const INDEX_CHANGES = INDEX_HAS_TTL + 4;
/** The table of chunks: the offset of each, with a check. */
export const INDEX_CHUNKS = INDEX_CHANGES + 32;
/** Most chunks of one segment. */
export const MAX_CHUNKS = 2048;
export const INDEX_BUCKETS = INDEX_CHUNKS + MAX_CHUNKS * 8;
/** Buckets of a segment, a power of two. */
export const BUCKETS = 16384;
/** Where the index ends. */
export const INDEX_END = INDEX_BUCKETS + BUCKETS * 8;

// A chunk: the number of its cells and their size class in one word, with a check; then the cells.
export const CHUNK_CONTENTS = 0;
/** The factor of the size class in that word. */
export const CHUNK_CLASS = 0x0100_0000;
export const CHUNK_CELLS = 64;

// A cell: its header, the key, and at the next multiple of 8 the value. A list has entries in place of both.
export const CELL_STATE = 0;
export const CELL_BUCKET = CELL_STATE + 8;
export const CELL_LENGTH = CELL_BUCKET + 4;
export const CELL_KEY_BYTES = CELL_LENGTH + 4;
export const CELL_FLAGS = CELL_KEY_BYTES + 4;
/** Milliseconds of the Unix epoch, by the clock of the segment; infinite without a time to live. */
export const CELL_EXPIRES = CELL_FLAGS + 4;
export const CELL_CHECK = CELL_EXPIRES + 8;
export const CELL_DATA = CELL_CHECK + 8;
/** Cells lie at multiples of this many bytes. */
export const CELL_ALIGN = 16;
/** Flag beside those of records: the cell is a list of cells. */
export const CELL_IS_LIST = 256;
/** Bytes of an entry of a list: a cell as in a bucket, and its use. */
export const LIST_ENTRY_BYTES = 8;

// States of a cell: [0-7] status  [8-15] writer  [16-31] its generation  [32-63] uses of the cell
export const CELL_FREE = 0;
/** A participant fills it. It may be in its bucket already. */
export const CELL_WRITING = 1;
/** It was put into its bucket. If the bucket does not refer to it any more, it is free. */
export const CELL_KEPT = 2;

// Signals. In place of the first ring the segment has one 32-bit word for each id, which a notification
// increments. Each participant remembers the words that it has reported; nothing else is kept of it here.
/** Ids of one signal. */
export const MAX_IDS = 256;
export const SIGNAL_COUNTS = HEADER_BYTES;
/** Where the counts end. */
export const SIGNAL_END = SIGNAL_COUNTS + MAX_IDS * 4;
