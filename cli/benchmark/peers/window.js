/** What may be under way where a transport counts messages and not bytes. */

/** How many messages fill the capacity.
 * @param {{ readonly capacity: number, readonly size: number }} task both in bytes
 */
export function messagesInFlight({ capacity, size }) {
  return Math.max(2, Math.min(100_000, Math.floor(capacity / size)));
}
