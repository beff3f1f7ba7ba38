// The module's exports: everything that touches a segment's control words.

export {
  addDropped,
  closed,
  configure,
  format,
  refreshTotals,
  reserve,
  segmentBytes,
  setMapped,
} from "./channel";
export {
  abort,
  blockingHolder,
  claim,
  claimedPosition,
  commit,
  forgetPublished,
  leftPosition,
  nextLeft,
  openLane,
  releasedPosition,
  usedBytes,
} from "./sender";
export {
  flags,
  foundLane,
  foundPosition,
  giveUpLane,
  isIntact,
  loseOne,
  missedMessages,
  next,
  openReceiver,
  release,
  rewind,
  step,
  take,
  takeInPlace,
  tellTail,
} from "./receiver";
export { letGo } from "./hold";
export {
  agentOf,
  claimLane,
  join,
  leave,
  openRing,
  reclaim,
  ringOf,
  setRegion,
  signCreator,
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
  replyPending,
  takeRequest,
} from "./requests";
export { fallAsleep, getUp, rouse, takeSleeper } from "./sleep";
export { joinTurns, laggard, putOut, takeTurnsAs } from "./turn";
