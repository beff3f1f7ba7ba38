import assert from "node:assert/strict";
import { EmbeddedMessagingBackend, EmbeddedServer } from "../../../../backends/tcp/mod.ts";
import { RepeatedReplies } from "../../../../backends/tcp/server/repeated_replies.ts";
import { numbered, numbersOf } from "../../../conformance/messaging/transport.ts";

/** Replies, and how often they were made. */
class Counted {
  readonly #replies = new RepeatedReplies<object>();
  made = 0;

  get(source: object, reply = "reply"): string {
    return this.#replies.get(source, () => {
      this.made++;
      return reply;
    });
  }
}

Deno.test("a reply that is asked for again is made twice, and never again", () => {
  const replies = new Counted();
  const source = {};
  for (let i = 0; i < 5; i++) assert.equal(replies.get(source), "reply");
  assert.equal(replies.made, 2);
});

Deno.test("what is asked for once pushes nothing out", () => {
  const replies = new Counted();
  const source = {};
  for (let i = 0; i < 3; i++) replies.get(source);
  for (let i = 0; i < 100; i++) replies.get({});
  const { made } = replies;
  replies.get(source);
  assert.equal(replies.made, made);
});

Deno.test("few replies are kept, and no long ones", () => {
  const replies = new Counted();
  const sources = Array.from({ length: 17 }, () => ({}));
  for (const source of sources) {
    replies.get(source);
    replies.get(source);
  }
  const { made } = replies;
  replies.get(sources[16]);
  replies.get(sources[1]);
  assert.equal(replies.made, made);
  replies.get(sources[0]);
  assert.equal(replies.made, made + 1);
  const long = {};
  for (let i = 0; i < 4; i++) replies.get(long, "x".repeat(64 * 1024 + 1));
  assert.equal(replies.made, made + 5);
});

Deno.test("tcp: a list that is asked for again and again is never an old one", async () => {
  await using server = new EmbeddedServer({ port: 0 });
  await using backend = new EmbeddedMessagingBackend({ port: await server.start() });
  const read = async () => numbersOf(await backend.getMessagesForTopic("t"));
  for (let n = 1; n <= 4; n++) {
    await backend.storeMessage("n", "t", numbered(n));
    const expected = Array.from({ length: n }, (_, i) => i + 1);
    for (let i = 0; i < 4; i++) assert.deepEqual(await read(), expected);
  }
});
