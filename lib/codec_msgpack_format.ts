/**
 * What the MessagePack encoder and decoder agree on.
 *
 * @module
 */

/** Arrays and objects may nest this deep: more is a mistake or an attack, and would cost stack. */
export const MAX_DEPTH = 512;

/** Extension types: -1 is MessagePack's own timestamp, the others are of this module. */
export const EXT = {
  timestamp: -1,
  /** The code of the kind, then the elements in the machine's byte order. */
  typedArray: 1,
  /** A sign byte (1 is negative), then the magnitude, most significant byte first. */
  bigInt: 2,
  arrayBuffer: 3,
  dataView: 4,
} as const;
