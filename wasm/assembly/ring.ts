// The module's exports: everything that touches a segment's control words.

export {
  addDropped,
  closed,
  configure,
  format,
  giveBack,
  refreshTotals,
  reserve,
  ringOf,
  segmentBytes,
  setMapped,
} from "./channel";
export {
  abort,
  blockingHolder,
  claim,
  claimedPosition,
  claimedStamp,
  commit,
  forgetPublished,
  hideClaimed,
  isSound,
  leftPosition,
  nextLeft,
  openLane,
  releasedPosition,
  showClaimed,
  usedBytes,
} from "./sender";
export {
  foundLane,
  foundPosition,
  foundStamp,
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
export { seal } from "./seal";
export {
  agentOf,
  claimLane,
  join,
  leave,
  openRing,
  reclaim,
  regionOf,
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
  isLost,
  isReply,
  replyPending,
  takeRequest,
} from "./requests";
export { fallAsleep, getUp, rouse, takeSleeper } from "./sleep";
export { joinTurns, laggard, putOut, takeTurnsAs } from "./turn";
