// What the store reads from the text of a message.

import assert from "node:assert/strict";
import { InvalidInputError } from "../../../backends/store/errors.ts";
import { parseMessage } from "../../../backends/store/stored_message.ts";
import { MAX_ID } from "../../../lib/message/gemstone.ts";

const LONG = "9737962806006804483";

Deno.test("the id of a message is read wherever it is, with all its digits", () => {
  for (
    const text of [
      `{"id":${LONG}}`,
      `{"id": ${LONG}, "payload": {}}`,
      `{"id":${LONG},"payload":{"id":1}}`,
      ` { "id" : ${LONG} , "payload" : {} } `,
      `{"id":${LONG}\n}`,
      `{"payload":{"id":1},"id":${LONG}}`,
      `{"id":1,"id":${LONG}}`,
      `{"id":"none","id":${LONG}}`,
      `{"\\u0069d":${LONG}}`,
    ]
  ) assert.equal(parseMessage(text).id, BigInt(LONG), text);
  assert.equal(parseMessage(`{"id":${MAX_ID}}`).id, MAX_ID);
  assert.equal(parseMessage('{"id":0}').id, 0n);
});

Deno.test("a message without an id of 64 bits is rejected", () => {
  for (
    const text of [
      `{"id":${MAX_ID + 1n}}`,
      `{"id":${"1".repeat(21)}}`,
      '{"id":1.5}',
      '{"id":1e3}',
      '{"id":-1}',
      '{"id":"1"}',
      '{"id":1,"id":null}',
      "{}",
    ]
  ) assert.throws(() => parseMessage(text), InvalidInputError, text);
});
