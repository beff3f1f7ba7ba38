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
  setCreator(pid: number, now: number): void;
  reserve(bytes: number): number;
  unreserve(offset: number, bytes: number): void;
  closed(): number;
  addDropped(messages: bigint): void;
  refreshTotals(): void;

  join(isolate: bigint, role: number, pid: number, now: number): number;
  isolateOf(index: number): bigint;
  reclaim(index: number, dead: bigint, mine: bigint): number;
  leave(index: number): number;
  claimLane(index: number): number;
  openRing(lane: number, offset: number): void;
  ringOf(lane: number): number;
  setRegion(index: number, offset: number, bytes: number): void;
  regionOf(index: number, bytes: number): number;
  checksum(a: number, b: number): number;

  openLane(lane: number, index: number): number;
  nextHandover(): number;
  handoverPosition(): number;
  isLaneValid(): number;
  invalidateClaim(): void;
  restoreClaim(): void;
  claim(payload: number, flags: number): number;
  commit(): number;
  abort(): void;
  claimedPosition(): number;
  claimedTag(offset: number, length: number): number;
  releasedPosition(): number;
  evictBefore(position: number): void;
  usedBytes(): number;
  oldestPin(): number;

  openReceiver(index: number, cursors: number): void;
  next(mode: number): number;
  take(size: number, flags: number): number;
  step(size: number, flags: number): number;
  release(): number;
  rewind(): void;
  takeInPlace(size: number, flags: number): number;
  flushTail(): void;
  unpin(index: number): void;
  foundLane(): number;
  foundPosition(): number;
  foundTag(offset: number, length: number): number;
  isIntact(lane: number, position: number): number;
  missedMessages(): number;
  addOneMissed(): void;
  skipLane(): void;
  isStale(): number;
  deferredTo(): number;

  openLeaseTables(index: number): void;
  missingLeaseTable(): number;
  corruptLeaseTable(): number;
  leaseTableBytes(table: number): number;
  addLeaseTable(table: number, at: number): void;
  claimLeaseSlot(bytes: number, hint: number, isLast: number): number;
  setSlotBuffer(slot: number, at: number, bytes: number): void;
  slotBufferBytes(slot: number): number;
  leaseTaken(slot: number, length: number, size: number, flags: number): number;
  leaseReturned(): number;
  returnedSlot(): number;
  isFoundConsistent(at: number, length: number, flags: number): number;
  deliveriesOf(slot: number): number;
  acknowledge(slot: number): number;
  nack(slot: number): number;
  leaseOwnerFrom(index: number): number;
  repairLeaseSlots(): void;

  announceWait(index: number, side: number, waitKind: number): number;
  cancelWait(index: number, side: number): void;
  popWaiter(side: number): number;
  wake(index: number, side: number): number;

  openFairness(index: number): void;
  joinFairness(): void;
  evict(index: number): void;

  openRequests(index: number, offset: number): void;
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
