/**
 * Reads the text of a response, up to a limit.
 *
 * @module
 */

import { pluralize } from "../../../lib/base/pluralize.ts";
import { RingbusError } from "../../../lib/base/errors.ts";

/**
 * A response is longer than the limit.
 *
 * @internal
 */
export class ReplyTooLongError extends RingbusError {
  override name = "ReplyTooLongError";
  /** Stable code of the class. */
  override readonly code: string = "reply-too-long";

  constructor(maxBytes: number) {
    super(`the reply has more than ${pluralize(maxBytes, "byte")}`);
  }

  /** As a reason: without a name. */
  override toString(): string {
    return this.message;
  }
}

/**
 * The text of a response.
 *
 * @throws {ReplyTooLongError} as soon as there are more than `maxBytes`, and reads no further
 */
export async function readText(response: Response, maxBytes: number): Promise<string> {
  const declared = response.headers.get("content-length");
  // The length of what is compressed says nothing.
  if (declared !== null && !response.headers.has("content-encoding")) {
    if (Number(declared) <= maxBytes) return await response.text();
    await response.body?.cancel();
    throw new ReplyTooLongError(maxBytes);
  }
  return await readChunks(response, maxBytes);
}

async function readChunks({ body }: Response, maxBytes: number): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  let length = 0;
  for await (const chunk of body ?? []) {
    length += chunk.length;
    if (length > maxBytes) throw new ReplyTooLongError(maxBytes);
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}
