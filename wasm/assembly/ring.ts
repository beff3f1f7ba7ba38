// The module's exports: everything that touches a segment's control words.

export { configure, setMapped } from "./channel";
export { addDropped, closed, format, reserve, setCreator, unreserve } from "./segment";
export { ringOf } from "./lane";
export { refreshTotals } from "./totals";
export {
  abort,
  oldestPin,
  claim,
  claimedPosition,
  claimedTag,
  commit,
  evictBefore,
  invalidateClaim,
  isLaneValid,
  handoverPosition,
  nextHandover,
  openLane,
  releasedPosition,
  restoreClaim,
  usedBytes,
} from "./sender";
export {
  deferredTo,
  foundLane,
  foundPosition,
  foundTag,
  skipLane,
  leaseReturned,
  isIntact,
  isStale,
  addOneMissed,
  missedMessages,
  next,
  openReceiver,
  release,
  returnedSlot,
  rewind,
  step,
  take,
  takeInPlace,
  flushTail,
} from "./receiver";
export { leaseTaken } from "./lease";
export { unpin } from "./pin";
export { checksum } from "./checksum";
export {
  isolateOf,
  claimLane,
  join,
  leave,
  openRing,
  reclaim,
  regionOf,
  setRegion,
} from "./participants";
export {
  abandonRequest,
  beginReply,
  cancelRequest,
  finishReply,
  freeRequest,
  nextReply,
  openRequests,
  queueRequest,
  replierOf,
  isLost,
  isReply,
  replyPending,
  takeRequest,
} from "./requests";
export {
  acknowledge,
  addLeaseTable,
  corruptLeaseTable,
  claimLeaseSlot,
  deliveriesOf,
  leaseOwnerFrom,
  isFoundConsistent,
  repairLeaseSlots,
  missingLeaseTable,
  openLeaseTables,
  nack,
  slotBufferBytes,
  setSlotBuffer,
  leaseTableBytes,
} from "./lease_table";
export { announceWait, cancelWait, wake, popWaiter } from "./waiters";
export { joinFairness, evict, openFairness } from "./fairness";
