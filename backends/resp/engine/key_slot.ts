/**
 * The slot of a key in a cluster: a CRC of 16 bits of the part in braces, or of all of it.
 *
 * @module
 */

const SLOTS = 16_384;
const POLYNOMIAL = 0x1021;

/** The slot of a byte string. */
export function keySlot(key: string): number {
  const open = key.indexOf("{");
  const close = open === -1 ? -1 : key.indexOf("}", open + 1);
  const part = close > open + 1 ? key.slice(open + 1, close) : key;
  let crc = 0;
  for (let i = 0; i < part.length; i++) {
    crc ^= part.charCodeAt(i) << 8;
    for (let bit = 0; bit < 8; bit++) {
      crc = (crc << 1 ^ (crc & 0x8000 ? POLYNOMIAL : 0)) & 0xffff;
    }
  }
  return crc % SLOTS;
}
