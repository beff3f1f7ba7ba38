/**
 * The failpoints: moments between two writes that other processes can see, by name. Only the build for
 * tests stops at them. A subscriber's cursors have failpoints where they are created; later only the
 * subscriber itself reads them.
 *
 * @module
 */

// Creating a segment.
/** The creator's process id is written, the time is not. */
export const CREATOR_PID = 0;
/** The creator is written, the header is empty. */
export const CREATOR_TIME = CREATOR_PID + 1;
/** The header has its version, and no kind. */
export const FORMAT_VERSION = CREATOR_TIME + 1;
/** The header has its kind, and no flags. */
export const FORMAT_KIND = FORMAT_VERSION + 1;
/** The header has its flags, and no capacity. */
export const FORMAT_FLAGS = FORMAT_KIND + 1;
/** The header has its capacity, and no end. */
export const FORMAT_CAPACITY = FORMAT_FLAGS + 1;
/** The header has its end, the first lane has no ring. */
export const FORMAT_END = FORMAT_CAPACITY + 1;
/** The first lane has its ring, and is not visible. */
export const FORMAT_LANE = FORMAT_END + 1;
/** All is written but the magic number. */
export const FORMAT_LANES = FORMAT_LANE + 1;
/** The segment is whole, and has no name yet. */
export const FORMAT_MAGIC = FORMAT_LANES + 1;

// Adding a region.
/** The end is moved, the storage behind it is not reserved. */
export const RESERVE_MOVED = FORMAT_MAGIC + 1;
/** A slot's region has its size, and no offset. */
export const REGION_BYTES = RESERVE_MOVED + 1;
/** A slot's region has its size and its checksum, and the offset of another. */
export const REGION_CHECKSUMMED = REGION_BYTES + 1;
/** A slot's region has its size and its offset. */
export const REGION_OFFSET = REGION_CHECKSUMMED + 1;

// Joining.
/** A slot has its isolate, and nothing else. */
export const JOIN_CLAIMED = REGION_OFFSET + 1;
/** The slot has its process id, and no time. */
export const JOIN_PID = JOIN_CLAIMED + 1;
/** The slot has its time, and the lane of the last owner. */
export const JOIN_SINCE = JOIN_PID + 1;
/** The slot has no lane, and the generation of the last owner. */
export const JOIN_LANE = JOIN_SINCE + 1;
/** A slot has its owner's label, and the generation of the one before. */
export const JOIN_LABEL = JOIN_LANE + 1;
/** The slot has its generation, and no role. */
export const JOIN_GENERATION = JOIN_LABEL + 1;
/** The slot is whole. */
export const JOIN_ROLE = JOIN_GENERATION + 1;
/** All cursors of a subscriber are at the beginning. */
export const CURSORS_CLEARED = JOIN_ROLE + 1;
/** A cursor has its position, and the sequence of another. */
export const CURSOR_MOVED = CURSORS_CLEARED + 1;
/** A cursor has its position, and the sequence that follows from the lane's count. */
export const CURSOR_COUNTED = CURSOR_MOVED + 1;
/** A cursor has the position of a message that was sent before, and the sequence of the next one to come. */
export const HISTORY_MOVED = CURSOR_COUNTED + 1;
/** A cursor has the position and the sequence of a message that was sent before. */
export const HISTORY_COUNTED = HISTORY_MOVED + 1;

// Claiming a lane.
/** A lane has an owner, whose slot does not name the lane. */
export const LANE_OWNED = HISTORY_COUNTED + 1;
/** The owner's slot names the lane. */
export const LANE_ASSIGNED = LANE_OWNED + 1;
/** A new lane has the size of its ring, and no offset. */
export const RING_SIZED = LANE_ASSIGNED + 1;
/** A new lane has the checksum of its ring's offset and size, and no offset. */
export const RING_CHECKSUMMED = RING_SIZED + 1;
/** A new lane has its ring, and is not visible to receivers. */
export const RING_OFFSET = RING_CHECKSUMMED + 1;
/** The lane is visible to receivers. */
export const RING_PUBLISHED = RING_OFFSET + 1;

// Leaving, and reclaiming what dead participants held.
/** A dead participant's slot belongs to the reclaimer, and is still full. */
export const RECLAIM_OWNED = RING_PUBLISHED + 1;
/** The slot says that its participant died, and is still full. */
export const RECLAIM_MARKED = RECLAIM_OWNED + 1;
/** The slot has no role. Its owner may still be among the waiters. */
export const LEAVE_ROLE = RECLAIM_MARKED + 1;
/** It is not among the waiting receivers. */
export const LEAVE_RECEIVERS = LEAVE_ROLE + 1;
/** It is not among the waiting senders. */
export const LEAVE_SENDERS = LEAVE_RECEIVERS + 1;
/** It is not among the waiting requesters. */
export const LEAVE_REQUESTERS = LEAVE_SENDERS + 1;
/** It is not in the fairness set. */
export const LEAVE_FAIRNESS = LEAVE_REQUESTERS + 1;
/** It pins no bytes. */
export const LEAVE_PIN = LEAVE_FAIRNESS + 1;
/** Its lane is free, its slot is not. */
export const LEAVE_LANE = LEAVE_PIN + 1;
/** Its slot is free. */
export const LEAVE_FREED = LEAVE_LANE + 1;

// Sending.
/** The end of the ring is padded, the record is not begun. */
export const CLAIM_PADDED = LEAVE_FREED + 1;
/** A record has its size, and no frame. */
export const RECORD_SIZED = CLAIM_PADDED + 1;
/** A record has its frame, and no payload. */
export const CLAIM_WRITTEN = RECORD_SIZED + 1;
/** A record's frame is invalid, while its payload is lent. */
export const CLAIM_INVALIDATED = CLAIM_WRITTEN + 1;
/** The lane says since when its sender has a loan open, or that it has none. */
export const LOAN_DATED = CLAIM_INVALIDATED + 1;
/** The payload is copied, and nothing is published. */
export const COMMIT_BEGUN = LOAN_DATED + 1;
/** The position of the last record is published, the head has not moved. */
export const COMMIT_LAST = COMMIT_BEGUN + 1;
/** The head has moved, the lane's count has not. */
export const COMMIT_PUBLISHED = COMMIT_LAST + 1;
/** The lane is up to date, the header's totals are not. */
export const COMMIT_COUNTED = COMMIT_PUBLISHED + 1;
/** The totals are up to date, and no waiter is woken. */
export const COMMIT_TOTALS = COMMIT_COUNTED + 1;
/** Broadcast: the count at the tail is written, the tail has not moved. */
export const EVICT_COUNTED = COMMIT_TOTALS + 1;
/** Broadcast: the tail has moved, nothing is overwritten. */
export const EVICT_MOVED = EVICT_COUNTED + 1;
/** Broadcast: the header's tail is up to date, nothing is overwritten. */
export const EVICT_TOTALS = EVICT_MOVED + 1;

// The header's totals.
/** The head of the only lane is in the header, its count is not. */
export const TOTAL_HEAD = EVICT_TOTALS + 1;
/** The bytes of another lane are added, its messages are not. */
export const OTHERS_HEAD = TOTAL_HEAD + 1;
/** Bytes and messages of another lane are added, the sum is not written. */
export const OTHERS_COUNT = OTHERS_HEAD + 1;
/** What was taken from another lane is added, the sum is not written. */
export const OTHERS_TAIL = OTHERS_COUNT + 1;
/** The parts of a total are read, their sum is not written. */
export const SUM_READ = OTHERS_TAIL + 1;
/** A sum is written, and not compared with its parts again. */
export const SUM_STORED = SUM_READ + 1;
/** Messages are counted as dropped. */
export const DROPPED_COUNTED = SUM_STORED + 1;

// Taking.
/** A message is copied, and not taken. */
export const TAKE_COPIED = DROPPED_COUNTED + 1;
/** The tail has moved: the message is taken, and no waiter is woken. */
export const TAKE_MOVED = TAKE_COPIED + 1;
/** The taker's service count is written, the largest one is not. */
export const FAIRNESS_COUNTED = TAKE_MOVED + 1;
/** The largest service count is written. */
export const FAIRNESS_LED = FAIRNESS_COUNTED + 1;
/** The taker has left the fairness set. */
export const FAIRNESS_LEFT = FAIRNESS_LED + 1;
/** A receiver that returns has its service count raised, and is not in the set. */
export const FAIRNESS_RAISED = FAIRNESS_LEFT + 1;
/** A receiver has joined the fairness set. */
export const FAIRNESS_JOINED = FAIRNESS_RAISED + 1;
/** Another receiver was evicted from the fairness set. */
export const FAIRNESS_EVICTED = FAIRNESS_JOINED + 1;
/** A pin names its lane, and the position of the last pin. */
export const PIN_LANE = FAIRNESS_EVICTED + 1;
/** A pin names what it will pin. */
export const PIN_POSITION = PIN_LANE + 1;
/** A message is pinned, and not taken. */
export const PIN_ADDED = PIN_POSITION + 1;
/** The slot of a receiver says since when it reads in place. */
export const VIEW_DATED = PIN_ADDED + 1;
/** A pin is removed, and no sender is woken. */
export const PIN_REMOVED = VIEW_DATED + 1;
/** A slot has the time of its request, which is not queued. */
export const REQUEST_DATED = PIN_REMOVED + 1;

// Requests.
/** A slot waits for the reply to a request that is not sent yet. */
export const REQUEST_QUEUED = REQUEST_DATED + 1;
/** A request's slot belongs to the replier, the lane's tail has not moved. */
export const REQUEST_TAKEN = REQUEST_QUEUED + 1;
/** The slot has the state of a reply that is being written. */
export const REPLY_BEGUN = REQUEST_TAKEN + 1;
/** The reply's bytes are written, the slot does not contain where. */
export const REPLY_WRITTEN = REPLY_BEGUN + 1;
/** The slot has the reply's offset, and no length. */
export const REPLY_OFFSET = REPLY_WRITTEN + 1;
/** The slot has the reply's length, and no flags. */
export const REPLY_LENGTH = REPLY_OFFSET + 1;
/** The slot has the reply's flags, and no checksum. */
export const REPLY_FLAGS = REPLY_LENGTH + 1;
/** The slot has the reply's checksum, and is not done. */
export const REPLY_CHECKSUMMED = REPLY_FLAGS + 1;
/** The slot is done, and not announced. */
export const REPLY_DONE = REPLY_CHECKSUMMED + 1;
/** The reply is announced, and its requester is not woken. */
export const REPLY_ANNOUNCED = REPLY_DONE + 1;
/** A reply's announcement is removed, the reply is not read. */
export const REPLY_SEEN = REPLY_ANNOUNCED + 1;
/** A slot is free after its reply was read. */
export const REQUEST_FREED = REPLY_SEEN + 1;
/** A slot is free, because its requester gave up. */
export const REQUEST_CANCELLED = REQUEST_FREED + 1;
/** A slot is free, because its replier died. */
export const REQUEST_ABANDONED = REQUEST_CANCELLED + 1;
/** The parts of a stream were read: the slot is the replier's again, and it is not woken. */
export const PARTS_RETURNED = REQUEST_ABANDONED + 1;

// Waiting.
/** A waiter has written how it waits, and is not among the waiters. */
export const WAIT_KIND = PARTS_RETURNED + 1;
/** A waiter is among the waiters, and has not looked for messages again. */
export const WAIT_ANNOUNCED = WAIT_KIND + 1;
/** A waiter is no longer in the set of waiters. */
export const WAIT_CANCELLED = WAIT_ANNOUNCED + 1;
/** A waiter is removed from the waiters, and not woken. */
export const WAKE_REMOVED = WAIT_CANCELLED + 1;
/** A waiter's wake word has changed, and no doorbell was rung. */
export const WAKE_SIGNALLED = WAKE_REMOVED + 1;

// Leasing messages until they are acknowledged.
/** A lease table's slots have their buffers, and the table is not visible. */
export const LEASE_TABLE_FILLED = WAKE_SIGNALLED + 1;
/** A lease table is visible. */
export const LEASE_TABLE_PUBLISHED = LEASE_TABLE_FILLED + 1;
/** A slot has the checksum of its new buffer, and the last buffer. */
export const BUFFER_CHECKSUMMED = LEASE_TABLE_PUBLISHED + 1;
/** A slot has its new buffer, and the size of the last one. */
export const BUFFER_OFFSET = BUFFER_CHECKSUMMED + 1;
/** A slot has its new buffer. */
export const BUFFER_SIZED = BUFFER_OFFSET + 1;
/** A slot is claimed, and its message is not copied. */
export const LEASE_CLAIMED = BUFFER_SIZED + 1;
/** A message is copied into its slot, which does not describe it. */
export const LEASE_COPIED = LEASE_CLAIMED + 1;
/** A slot has its message's position, and the lane of the last one. */
export const LEASE_POSITION = LEASE_COPIED + 1;
/** A slot has its message's lane, and the length of the last one. */
export const LEASE_LANE = LEASE_POSITION + 1;
/** A slot has its message's length, and the flags of the last one. */
export const LEASE_LENGTH = LEASE_LANE + 1;
/** A slot has its message's flags, and the checksum of the last one. */
export const LEASE_FLAGS = LEASE_LENGTH + 1;
/** A slot is whole, and its message is not leased. */
export const LEASE_CHECKSUMMED = LEASE_FLAGS + 1;
/** A message is leased, and its lane's tail has not moved. */
export const LEASE_ACQUIRED = LEASE_CHECKSUMMED + 1;
/** A slot has the time at which its message was leased. */
export const LEASE_DATED = LEASE_ACQUIRED + 1;
/** Another receiver took the message: its slot holds nothing. */
export const LEASE_CANCELLED = LEASE_DATED + 1;
/** A message is acknowledged. */
export const LEASE_ACKNOWLEDGED = LEASE_CANCELLED + 1;
/** A message is returned, or was never taken, and it is not announced. */
export const RETURN_MADE = LEASE_ACKNOWLEDGED + 1;
/** Pullers can see that a message was returned, and none is woken. */
export const RETURN_ANNOUNCED = RETURN_MADE + 1;
/** A message that was returned is leased by another puller. */
export const RETURN_LEASED = RETURN_ANNOUNCED + 1;
/** A message that was returned is taken for good. */
export const RETURN_TAKEN = RETURN_LEASED + 1;

// Latest values.
/** A cell is claimed, and has the bucket of its last use. */
export const CELL_CLAIMED = RETURN_TAKEN + 1;
/** A cell has its bucket, and the lengths of its last use. */
export const CELL_BUCKETED = CELL_CLAIMED + 1;
/** A cell has its lengths and flags, and the time of its last use. */
export const CELL_MEASURED = CELL_BUCKETED + 1;
/** A cell has its time, and the check of its last use. */
export const CELL_TIMED = CELL_MEASURED + 1;
/** A cell is described, and has no key and no value. */
export const CELL_DESCRIBED = CELL_TIMED + 1;
/** A cell is filled, and no bucket refers to it. */
export const CELL_FILLED = CELL_DESCRIBED + 1;
/** A bucket refers to a cell, which is still marked as being written. The change is not counted. */
export const CELL_PUBLISHED = CELL_FILLED + 1;
/** The change of a bucket is counted. What it replaced is not free, and no waiter is woken. */
export const CELL_COUNTED = CELL_PUBLISHED + 1;
/** A cell that is in its bucket is marked so, and what it replaced is not free. */
export const CELL_MARKED = CELL_COUNTED + 1;
/** A cell that no bucket refers to is free. */
export const CELL_FREED = CELL_MARKED + 1;
/** A chunk has the number and the size of its cells, and is not in the table. */
export const CHUNK_DESCRIBED = CELL_FREED + 1;
/** A chunk is in the table. */
export const CHUNK_ADDED = CHUNK_DESCRIBED + 1;

// Signals.
/** A notification is counted, and no waiter is woken. */
export const SIGNAL_COUNTED = CHUNK_ADDED + 1;
