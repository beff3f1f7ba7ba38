/**
 * The checksum of `DUMP`: a CRC of 64 bits with the polynomial of Jones.
 *
 * @module
 */

/** The polynomial with its bits in reverse, as two words. */
const HIGH = 0x95ac9329;
const LOW = 0xac4bc9b5;
const BYTES = 256;

/** For each byte the high and the low word. */
const table = new Uint32Array(2 * BYTES);
for (let byte = 0; byte < BYTES; byte++) {
  let [high, low] = [0, byte];
  for (let bit = 0; bit < 8; bit++) {
    const isOdd = (low & 1) === 1;
    low = (low >>> 1 | high << 31) >>> 0;
    high >>>= 1;
    if (isOdd) [high, low] = [(high ^ HIGH) >>> 0, (low ^ LOW) >>> 0];
  }
  table[2 * byte] = high;
  table[2 * byte + 1] = low;
}

/** The checksum of a byte string. */
export function crc64(text: string): bigint {
  let [high, low] = [0, 0];
  for (let i = 0; i < text.length; i++) {
    const at = 2 * ((low ^ text.charCodeAt(i)) & 0xff);
    low = (low >>> 8 | high << 24) ^ table[at + 1];
    high = high >>> 8 ^ table[at];
  }
  return BigInt(high >>> 0) << 32n | BigInt(low >>> 0);
}
