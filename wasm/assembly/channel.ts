// What one attachment knows of its channel: its kind, and the offsets that follow from the size of the
// first ring.

import { CONTROL_PARTICIPANTS, HEADER_BYTES, PARTICIPANT_BYTES } from "../layout";
import { setWeak } from "./memory";

export let kind: u32 = 0;
/** Bytes of the first lane's ring; the others have sizes of their own. */
export let firstCapacity: u32 = 0;
/** Offset of the control block. */
export let control: usize = 0;
/** Bytes from the start of the memory that are mapped. */
export let mapped: u32 = 0;

/** Sets how this machine orders stores, which kind of channel this is, and how large its first ring is. */
export function configure(isWeak: u32, channelKind: u32, ringBytes: u32, mappedBytes: u32): void {
  setWeak(isWeak != 0);
  kind = channelKind;
  firstCapacity = ringBytes;
  control = controlOffset(ringBytes);
  mapped = mappedBytes;
}

/** Where the control block of a segment begins. */
export function controlOffset(ringBytes: u32): u32 {
  return (HEADER_BYTES + ringBytes + 63) & ~63;
}

export function setMapped(bytes: u32): void {
  mapped = bytes;
}

// @ts-ignore: decorator
@inline
export function participant(index: u32): usize {
  return control + CONTROL_PARTICIPANTS + index * PARTICIPANT_BYTES;
}
