// How words of the segment are read and written.
//
// On x86-64 a plain store is a release and every load an acquire, so a writer that publishes with
// a plain store pays no fence; other machines get sequentially consistent stores. The one order that
// x86-64 does not keep - a store seen before a later load - matters only between "publish, then
// look for sleepers" and "announce sleep, then look for messages"; sleepers close that gap by looking
// again for some microseconds after they announced themselves (see lib/channel/wait.ts).

/** True on machines that need fences where x86-64 needs none; set by `configure`. */
export let weak: bool = true;

export function setWeak(value: bool): void {
  weak = value;
}

// @ts-ignore: decorator
@inline
export function read64(address: usize): u64 {
  return atomic.load<u64>(address);
}

// @ts-ignore: decorator
@inline
export function read32(address: usize): u32 {
  return atomic.load<u32>(address);
}

// @ts-ignore: decorator
@inline
export function publish64(address: usize, value: u64): void {
  if (weak) atomic.store<u64>(address, value);
  else store<u64>(address, value);
}

/** A word that nobody else writes: the compiler offers no fence, an exchange on it is one. */
let fenceWord: usize = 0;

export function setFenceWord(address: usize): void {
  fenceWord = address;
}

/** Later plain stores stay behind earlier ones. */
// @ts-ignore: decorator
@inline
export function storeFence(): void {
  if (weak) atomic.xchg<u32>(fenceWord, 1);
}

/** Later loads stay behind earlier plain ones. */
// @ts-ignore: decorator
@inline
export function loadFence(): void {
  if (weak) atomic.xchg<u32>(fenceWord, 0);
}
