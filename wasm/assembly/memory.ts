// How words of the segment are read and written.
//
// On x86-64 a plain store is a release and each load an acquire, so a writer can publish with a plain
// store, without a fence. On other machines it uses sequentially consistent stores. The one order that
// x86-64 does not keep, a store before a later load, matters only between "publish, then look for
// waiters" and "announce the wait, then look for messages". Waiters close that gap: they look again for
// some microseconds after they announced themselves (see lib/channel/wait.ts).

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

/** A word that only this participant writes. The compiler offers no fence; an exchange on this word is one. */
let fenceWord: usize = 0;

export function setFenceWord(address: usize): void {
  fenceWord = address;
}

/** Keeps later plain stores behind earlier ones. */
// @ts-ignore: decorator
@inline
export function storeFence(): void {
  if (weak) atomic.xchg<u32>(fenceWord, 1);
}

/** Keeps later loads behind earlier plain loads. */
// @ts-ignore: decorator
@inline
export function loadFence(): void {
  if (weak) atomic.xchg<u32>(fenceWord, 0);
}
