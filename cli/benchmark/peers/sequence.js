/** What distinguishes one message from the next: enough to detect loss, repetition and reuse of a buffer. */
const DISTINCT = 8;

/** The first byte of message `i`.
 * @param {number} i
 */
export function sequenceByte(i) {
  return i & (DISTINCT - 1);
}

/** Messages to send by turns and never to change: a transport may keep what it was given, and a byte
 * written just before it is copied as part of a word makes the copy wait for all earlier stores.
 * @param {number} size
 */
export function distinctMessages(size) {
  return Array.from({ length: DISTINCT }, (_, i) => {
    const message = new Uint8Array(size).fill(1);
    message[0] = sequenceByte(i);
    return message;
  });
}
