// Checksums over words that locate something. A word that was overwritten by accident does not
// match its checksum, and is not followed: a write to where it points would damage other bytes.

/** The checksum over two words. It is never 0, so that zeroed words do not match. */
export function checksum(a: u32, b: u32): u32 {
  let hash = (a ^ 0x52494e47) * 0x85ebca6b;
  hash ^= hash >>> 15;
  hash = (hash ^ b) * 0xc2b2ae35;
  hash ^= hash >>> 13;
  return hash | 1;
}

/** The tag of a block, which ties its bytes to the one record that refers to them. */
export function tag(position: u64, offset: u32, length: u32): u32 {
  return checksum(checksum(offset, length), <u32>position);
}

/** A 32-bit word with its checksum in the upper half; both change together. */
export function withChecksum(word: u32): u64 {
  return (<u64>word) | ((<u64>checksum(word, 0)) << 32);
}
