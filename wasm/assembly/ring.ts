// The module's exports: everything that touches a segment's control words.

export { configure, setMapped } from "./channel";
export { addDropped, closed, format, reserve, setCreator, unreserve } from "./segment";
export { ringOf } from "./lane";
export { refreshTotals } from "./totals";
export {
  abort,
  oldestPin,
  claim,
  claimRun,
  claimedPosition,
  claimedTag,
  commit,
  evictBefore,
  dateLoan,
  invalidateClaim,
  isLaneValid,
  keepHistory,
  handoverPosition,
  nextHandover,
  openLane,
  releasedPosition,
  restoreClaim,
  send,
  stageRun,
  usedBytes,
} from "./sender";
export {
  deferredTo,
  isStale,
  leaseReturned,
  next,
  nextPlace,
  openReceiver,
  receive,
  returnedSlot,
  skipDamage,
  stepOver,
  take,
  takeAll,
  takeInPlace,
} from "./receiver";
export { foundCapacity, foundLane, foundPosition, foundTag } from "./lane_cursor";
export { leaseTaken, release, rewind, step } from "./queue_receiver";
export { addOneMissed, beginBefore, isIntact, missedMessages } from "./broadcast_receiver";
export { isFoundConsistent } from "./returned_receiver";
export { countNotification } from "./signal";
export { flushTail } from "./tail";
export { dateLease, dateView } from "./holds";
export { unpin } from "./pin";
export { hashOfSizes } from "./record";
export { checksum } from "./checksum";
export {
  isolateOf,
  claimLane,
  join,
  leave,
  openRing,
  publishRole,
  reclaim,
  regionOf,
  setLabel,
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
  isRequestOpen,
  replyPending,
  returnParts,
  slotReplier,
  streamStatus,
  takeRequest,
} from "./requests";
export {
  addLeaseTable,
  corruptLeaseTable,
  leaseTableBytes,
  missingLeaseTable,
  setSlotBuffer,
  slotBufferBytes,
} from "./lease_table";
export {
  acknowledge,
  claimLeaseSlot,
  deliveriesOf,
  giveBack,
  leaseOwnerFrom,
  nack,
  repairLeaseSlots,
} from "./lease";
export { announceWait, cancelWait, wake, popWaiter } from "./waiters";
export { joinFairness, evict, openFairness } from "./fairness";
export {
  addChunk,
  claimCell,
  describeCell,
  freeCell,
  hasCellUse,
  isCellIntact,
  markCell,
  openCells,
  publishCell,
} from "./cells";
