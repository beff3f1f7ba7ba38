/**
 * Topics in the output.
 *
 * @module
 */

/** A topic as it stands before a message. One that would not end at a space is shown as JSON. */
export function shownTopic(topic: string): string {
  return /^[\p{L}\p{M}\p{N}\p{P}\p{S}]+$/u.test(topic) ? topic : JSON.stringify(topic);
}
