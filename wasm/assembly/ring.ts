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
  forgetBefore,
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
  awaited,
  foundLane,
  foundPosition,
  foundStamp,
  giveUpLane,
  holdReturned,
  isIntact,
  isStale,
  loseOne,
  missedMessages,
  next,
  openReceiver,
  release,
  returnedPlace,
  rewind,
  step,
  take,
  takeInPlace,
  tellTail,
} from "./receiver";
export { holdTaken } from "./lease";
export { letGo } from "./pin";
export { seal } from "./checksum";
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
export {
  acknowledge,
  addShelf,
  brokenShelf,
  claimPlace,
  deliveriesOf,
  holderFrom,
  isFoundWhole,
  mendPlaces,
  missingShelf,
  openShelves,
  returnHeld,
  roomOf,
  setRoom,
  shelfBytes,
} from "./lease_table";
export { fallAsleep, getUp, rouse, takeSleeper } from "./waiters";
export { joinTurns, putOut, takeTurnsAs } from "./fairness";
