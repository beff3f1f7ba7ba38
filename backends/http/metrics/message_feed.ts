/**
 * Messages as the dashboard shows them: plain data of bounded size.
 *
 * @module
 */

/** What the text of a message is: a value as JSON or like it, a text, or bytes in hexadecimal. */
export type MessageForm = "value" | "text" | "hex";

/** A message that is shown. */
export interface ShownMessage {
  /** When it was sent or seen, in milliseconds of the Unix epoch; null if it was there before. */
  atMs: number | null;
  /** The topic; empty if it has none. */
  topic: string;
  /** Who has sent it; empty if that is unknown. */
  sender: string;
  /** Its number among those of its sender, or its id. */
  number: string;
  sizeBytes: number;
  form: MessageForm;
  /** Cut off if it is long. */
  text: string;
  /** Why it could not be decoded; empty if it was. */
  problem: string;
}

/** Messages since the last batch. */
export interface MessageBatch {
  messages: ShownMessage[];
  /** Messages that were there and are not shown: too many at a time, or overwritten already. */
  skipped: number;
  /** What is damaged. */
  problems: string[];
  /** Why there will be no more; null as long as there may be. */
  end: "closed" | "deleted" | null;
}

/** Where messages are looked at without taking any. */
export interface MessageFeed extends Disposable {
  /** What has come since the last call. */
  next(): Promise<MessageBatch>;
}

/** Most messages of one batch: the newest ones. */
export const MAX_BATCH = 50;
/** Characters of a message that are shown. */
export const MAX_TEXT = 2000;

/** Cuts a text off that is long. */
export function cutText(text: string, maxLength: number = MAX_TEXT): string {
  return text.length <= maxLength ? text : `${text.slice(0, maxLength)}…`;
}
