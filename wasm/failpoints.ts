/**
 * The failpoints: instants between two writes that other processes can see, by name. Only the build for
 * tests stops at them. The cursors of a subscriber count where they are made; later writes to them are
 * for its own eyes.
 *
 * @module
 */

// Making a segment.
/** The creator's process is noted, the time is not. */
export const CREATOR_PID = 0;
/** The creator is noted, the header is empty. */
export const CREATOR_TIME = CREATOR_PID + 1;
/** The header has its version, and no kind. */
export const FORMAT_VERSION = CREATOR_TIME + 1;
/** The header has its kind, and no flags. */
export const FORMAT_KIND = FORMAT_VERSION + 1;
/** The header has its flags, and no capacity. */
export const FORMAT_FLAGS = FORMAT_KIND + 1;
/** The header has its capacity, and no end. */
export const FORMAT_CAPACITY = FORMAT_FLAGS + 1;
/** The header has its end, the first lane no ring. */
export const FORMAT_END = FORMAT_CAPACITY + 1;
/** The first lane has its ring, and is not shown. */
export const FORMAT_LANE = FORMAT_END + 1;
/** Everything is written but the magic number. */
export const FORMAT_LANES = FORMAT_LANE + 1;
/** The segment is whole, and has no name yet. */
export const FORMAT_MAGIC = FORMAT_LANES + 1;

// Adding a region.
/** The end is moved, the storage behind it is not reserved. */
export const RESERVE_MOVED = FORMAT_MAGIC + 1;
/** A slot's region has its size, and no place. */
export const REGION_BYTES = RESERVE_MOVED + 1;
/** A slot's region has its size and its check, and another's place. */
export const REGION_CHECKSUMMED = REGION_BYTES + 1;
/** A slot's region has size and place. */
export const REGION_OFFSET = REGION_CHECKSUMMED + 1;

// Joining.
/** A slot has its agent, and nothing else. */
export const JOIN_CLAIMED = REGION_OFFSET + 1;
/** The slot has its process, and no time. */
export const JOIN_PID = JOIN_CLAIMED + 1;
/** The slot has its time; its lane is the last owner's. */
export const JOIN_SINCE = JOIN_PID + 1;
/** The slot has no lane; its generation is the last owner's. */
export const JOIN_LANE = JOIN_SINCE + 1;
/** The slot has its generation, and no role. */
export const JOIN_GENERATION = JOIN_LANE + 1;
/** The slot is whole. */
export const JOIN_ROLE = JOIN_GENERATION + 1;
/** A subscriber's cursors are all at the beginning. */
export const CURSORS_CLEARED = JOIN_ROLE + 1;
/** A cursor has its position, and another's sequence. */
export const CURSOR_MOVED = CURSORS_CLEARED + 1;
/** A cursor has a position, and the sequence that the lane's count gives. */
export const CURSOR_COUNTED = CURSOR_MOVED + 1;

// A lane for a sender.
/** A lane has an owner, whose slot does not say so. */
export const LANE_OWNED = CURSOR_COUNTED + 1;
/** The owner's slot names the lane. */
export const LANE_ASSIGNED = LANE_OWNED + 1;
/** A new lane has the check of its ring's place, and no place. */
export const RING_CHECKSUMMED = LANE_ASSIGNED + 1;
/** A new lane has its ring, and is not shown to receivers. */
export const RING_OFFSET = RING_CHECKSUMMED + 1;
/** The lane is shown to receivers. */
export const RING_PUBLISHED = RING_OFFSET + 1;

// Leaving, and freeing what the dead held.
/** A dead participant's slot is the reclaimer's, and still full. */
export const RECLAIM_OWNED = RING_PUBLISHED + 1;
/** The slot has no role; its owner may still be among the sleepers. */
export const LEAVE_ROLE = RECLAIM_OWNED + 1;
/** It sleeps no longer as a receiver. */
export const LEAVE_RECEIVERS = LEAVE_ROLE + 1;
/** It sleeps no longer as a sender. */
export const LEAVE_SENDERS = LEAVE_RECEIVERS + 1;
/** It sleeps no longer as a requester. */
export const LEAVE_REQUESTERS = LEAVE_SENDERS + 1;
/** It takes no turns any longer. */
export const LEAVE_FAIRNESS = LEAVE_REQUESTERS + 1;
/** It holds no bytes any longer. */
export const LEAVE_PIN = LEAVE_FAIRNESS + 1;
/** Its lane is free, its slot is not. */
export const LEAVE_LANE = LEAVE_PIN + 1;
/** Its slot is free. */
export const LEAVE_FREED = LEAVE_LANE + 1;

// Sending.
/** The end of the ring is padded, the record not begun. */
export const CLAIM_PADDED = LEAVE_FREED + 1;
/** A record has its size, and no frame. */
export const RECORD_SIZED = CLAIM_PADDED + 1;
/** A record has its frame, and no payload. */
export const CLAIM_WRITTEN = RECORD_SIZED + 1;
/** A record's frame is hidden, while its payload is lent. */
export const CLAIM_INVALIDATED = CLAIM_WRITTEN + 1;
/** The payload is copied, and nothing is published. */
export const COMMIT_BEGUN = CLAIM_INVALIDATED + 1;
/** The last record's place is told, the head has not moved. */
export const COMMIT_LAST = COMMIT_BEGUN + 1;
/** The head has moved, the lane's count has not. */
export const COMMIT_PUBLISHED = COMMIT_LAST + 1;
/** The lane's words are all told, the header's totals are not. */
export const COMMIT_COUNTED = COMMIT_PUBLISHED + 1;
/** The totals are told, and no sleeper is woken. */
export const COMMIT_TOTALS = COMMIT_COUNTED + 1;
/** Broadcast: the tail's count is told, the tail has not moved. */
export const EVICT_COUNTED = COMMIT_TOTALS + 1;
/** Broadcast: the tail has moved, nothing is overwritten. */
export const EVICT_MOVED = EVICT_COUNTED + 1;
/** Broadcast: the header's tail is told, nothing is overwritten. */
export const EVICT_TOTALS = EVICT_MOVED + 1;

// The header's totals.
/** The only lane's head is told, its count is not. */
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
/** The tail has moved: the message is taken, and nobody told. */
export const TAKE_MOVED = TAKE_COPIED + 1;
/** The taker's turns are counted, the leader's are not. */
export const FAIRNESS_COUNTED = TAKE_MOVED + 1;
/** The leader's turns are told. */
export const FAIRNESS_LED = FAIRNESS_COUNTED + 1;
/** The taker has left those who take turns. */
export const FAIRNESS_LEFT = FAIRNESS_LED + 1;
/** A receiver that comes back has its turns raised, and has not joined. */
export const FAIRNESS_RAISED = FAIRNESS_LEFT + 1;
/** A receiver has joined those who take turns. */
export const FAIRNESS_JOINED = FAIRNESS_RAISED + 1;
/** Another was put out of those who take turns. */
export const FAIRNESS_EVICTED = FAIRNESS_JOINED + 1;
/** A holder names its lane, and the last position it held. */
export const PIN_LANE = FAIRNESS_EVICTED + 1;
/** A holder names what it will hold. */
export const PIN_POSITION = PIN_LANE + 1;
/** A message is held, and not taken. */
export const PIN_ADDED = PIN_POSITION + 1;
/** A hold is over, and no sender told. */
export const PIN_REMOVED = PIN_ADDED + 1;

// Requests.
/** A slot waits for a reply to a request that is not sent yet. */
export const REQUEST_QUEUED = PIN_REMOVED + 1;
/** A request's slot is the replier's, the lane's tail has not moved. */
export const REQUEST_TAKEN = REQUEST_QUEUED + 1;
/** The slot says that a reply is being written. */
export const REPLY_BEGUN = REQUEST_TAKEN + 1;
/** The reply's bytes are written, and the slot does not say where. */
export const REPLY_WRITTEN = REPLY_BEGUN + 1;
/** The slot has the reply's place, and no length. */
export const REPLY_OFFSET = REPLY_WRITTEN + 1;
/** The slot has the reply's length, and no flags. */
export const REPLY_LENGTH = REPLY_OFFSET + 1;
/** The slot is whole, and not handed over. */
export const REPLY_FLAGS = REPLY_LENGTH + 1;
/** The slot has the check of its reply, and is not done. */
export const REPLY_CHECKSUMMED = REPLY_FLAGS + 1;
/** The slot is handed over, and not announced. */
export const REPLY_DONE = REPLY_CHECKSUMMED + 1;
/** The reply is announced, and its requester sleeps. */
export const REPLY_ANNOUNCED = REPLY_DONE + 1;
/** A reply's announcement is taken, the reply is not read. */
export const REPLY_SEEN = REPLY_ANNOUNCED + 1;
/** A slot is free again after its reply. */
export const REQUEST_FREED = REPLY_SEEN + 1;
/** A slot is free again, for its requester gave up. */
export const REQUEST_CANCELLED = REQUEST_FREED + 1;
/** A slot is free again, for its replier died. */
export const REQUEST_ABANDONED = REQUEST_CANCELLED + 1;

// Sleeping.
/** A sleeper says how it sleeps, and is not among the sleepers. */
export const WAIT_KIND = REQUEST_ABANDONED + 1;
/** A sleeper is among the sleepers, and has not looked again. */
export const WAIT_ANNOUNCED = WAIT_KIND + 1;
/** A sleeper is up again. */
export const WAIT_CANCELLED = WAIT_ANNOUNCED + 1;
/** A sleeper is no longer among the sleepers, and not woken. */
export const WAKE_REMOVED = WAIT_CANCELLED + 1;
/** A sleeper's word has changed, and nobody rang. */
export const WAKE_SIGNALLED = WAKE_REMOVED + 1;

// Holding messages until they are acknowledged.
/** A shelf's places have their rooms, and the shelf is not shown. */
export const LEASE_TABLE_FILLED = WAKE_SIGNALLED + 1;
/** A shelf is shown. */
export const LEASE_TABLE_PUBLISHED = LEASE_TABLE_FILLED + 1;
/** A place has the check of its new room, and the last one. */
export const BUFFER_CHECKSUMMED = LEASE_TABLE_PUBLISHED + 1;
/** A place has its new room, and the last one's size. */
export const BUFFER_OFFSET = BUFFER_CHECKSUMMED + 1;
/** A place has its new room. */
export const BUFFER_SIZED = BUFFER_OFFSET + 1;
/** A place is claimed, and its message is not copied. */
export const LEASE_CLAIMED = BUFFER_SIZED + 1;
/** A message is copied into its place, of which the place says nothing. */
export const LEASE_COPIED = LEASE_CLAIMED + 1;
/** A place has its message's position, and the last one's lane. */
export const LEASE_POSITION = LEASE_COPIED + 1;
/** A place has its message's lane, and the last one's length. */
export const LEASE_LANE = LEASE_POSITION + 1;
/** A place has its message's length, and the last one's flags. */
export const LEASE_LENGTH = LEASE_LANE + 1;
/** A place has its message's flags, and the last one's check. */
export const LEASE_FLAGS = LEASE_LENGTH + 1;
/** A place is whole, and does not say that its message is held. */
export const LEASE_CHECKSUMMED = LEASE_FLAGS + 1;
/** A message is held, and its lane's tail has not moved. */
export const LEASE_ACQUIRED = LEASE_CHECKSUMMED + 1;
/** A message went to another: its place holds nothing. */
export const LEASE_CANCELLED = LEASE_ACQUIRED + 1;
/** A message is acknowledged. */
export const LEASE_ACKNOWLEDGED = LEASE_CANCELLED + 1;
/** A message is given back, or was never taken, and nobody told. */
export const RETURN_MADE = LEASE_ACKNOWLEDGED + 1;
/** Pullers can see that something was given back, and none is woken. */
export const RETURN_ANNOUNCED = RETURN_MADE + 1;
/** A message that was given back is held by another. */
export const RETURN_LEASED = RETURN_ANNOUNCED + 1;
/** A message that was given back is taken for good. */
export const RETURN_TAKEN = RETURN_LEASED + 1;
