/**
 * The compiled ring on one memory: its exports, typed, and the views that copies go through.
 *
 * @module
 */

import { RING_BASE64 } from "../../wasm/ring_bytes.ts";

/** The WebAssembly exports. Offsets come back signed: `>>> 0` before use. */
export interface RingExports {
  configure(isWeak: number, kind: number, capacity: number, mapped: number): void;
  setMapped(bytes: number): void;
  segmentBytes(capacity: number): number;
  format(flags: number): void;
  signCreator(pid: number, now: number): void;
  reserve(bytes: number): number;
  giveBack(place: number, bytes: number): void;
  closed(): number;
  addDropped(messages: bigint): void;
  refreshTotals(): void;

  join(agent: bigint, role: number, pid: number, now: number): number;
  agentOf(index: number): bigint;
  reclaim(index: number, dead: bigint, mine: bigint): number;
  leave(index: number): number;
  claimLane(index: number): number;
  openRing(lane: number, place: number): void;
  ringOf(lane: number): number;
  setRegion(index: number, place: number, bytes: number): void;
  regionOf(index: number, bytes: number): number;
  seal(a: number, b: number): number;

  openLane(lane: number, index: number): number;
  nextLeft(): number;
  leftPosition(): number;
  isSound(): number;
  hideClaimed(): void;
  showClaimed(): void;
  claim(payload: number, flags: number): number;
  commit(): number;
  abort(): void;
  claimedPosition(): number;
  claimedStamp(offset: number, length: number): number;
  releasedPosition(): number;
  forgetBefore(position: number): void;
  usedBytes(): number;
  blockingHolder(): number;

  openReceiver(index: number, cursors: number): void;
  next(how: number): number;
  take(size: number, flags: number): number;
  step(size: number, flags: number): number;
  release(): number;
  rewind(): void;
  takeInPlace(size: number, flags: number): number;
  tellTail(): void;
  letGo(index: number): void;
  foundLane(): number;
  foundPosition(): number;
  foundStamp(offset: number, length: number): number;
  isIntact(lane: number, position: number): number;
  missedMessages(): number;
  loseOne(): void;
  giveUpLane(): void;
  isStale(): number;
  awaited(): number;

  openShelves(index: number): void;
  missingShelf(): number;
  brokenShelf(): number;
  shelfBytes(shelf: number): number;
  addShelf(shelf: number, at: number): void;
  claimPlace(bytes: number, hint: number, isLast: number): number;
  setRoom(place: number, at: number, bytes: number): void;
  roomOf(place: number): number;
  holdTaken(place: number, length: number, size: number, flags: number): number;
  holdReturned(): number;
  returnedPlace(): number;
  isFoundWhole(at: number, length: number, flags: number): number;
  deliveriesOf(place: number): number;
  acknowledge(place: number): number;
  returnHeld(place: number): number;
  holderFrom(index: number): number;
  mendPlaces(): void;

  fallAsleep(index: number, side: number, waitKind: number): number;
  getUp(index: number, side: number): void;
  takeSleeper(side: number): number;
  rouse(index: number, side: number): number;

  takeTurnsAs(index: number): void;
  joinTurns(): void;
  putOut(index: number): void;

  openRequests(index: number, place: number): void;
  queueRequest(slot: number): number;
  nextReply(): number;
  freeRequest(slot: number): void;
  cancelRequest(slot: number): number;
  abandonRequest(slot: number): number;
  replierOf(slot: number): number;
  takeRequest(
    requester: number,
    slot: number,
    generation: number,
    size: number,
    flags: number,
  ): number;
  beginReply(requester: number, slot: number, generation: number): number;
  finishReply(
    requester: number,
    slot: number,
    generation: number,
    offset: number,
    length: number,
    flags: number,
  ): void;
  isLost(slot: number, generation: number, isPassed: number): number;
  isReply(slot: number, offset: number, length: number, flags: number): number;
  replyPending(requester: number, slot: number, generation: number): number;
}

let compiled: WebAssembly.Module | undefined;
let failpoint: ((point: number) => void) | undefined;

/** A new instance on a memory; the module is compiled once an isolate. */
export function instantiate(memory: WebAssembly.Memory): RingExports {
  compiled ??= new WebAssembly.Module(Uint8Array.fromBase64(RING_BASE64));
  const env: WebAssembly.ModuleImports = { memory };
  if (failpoint !== undefined) env.failpoint = failpoint;
  const instance = new WebAssembly.Instance(compiled, { env });
  return instance.exports as unknown as RingExports;
}

/** For tests: instances are from now on of the build that calls `reached` at each failpoint. */
export function useFailpoints(module: WebAssembly.Module, reached: (point: number) => void): void {
  compiled = module;
  failpoint = reached;
}

/** True on machines whose stores others may see out of order; see wasm/assembly/memory.ts. */
export const IS_WEAK: number = Deno.build.arch === "x86_64" ? 0 : 1;
