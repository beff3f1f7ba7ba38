// Lookup of messages: by topic, since an id, the next one, and by ids.

import assert from "node:assert/strict";
import { GemstoneGenerator, type Message, type MessagingBackend, Priority } from "../../../mod.ts";
import {
  idsOf,
  makeMessage,
  type MessagingTransport,
  numbered,
  numbersOf,
  testOn,
} from "./transport.ts";

const NOW_MS = Date.UTC(2025, 5, 1);

/** Messages in the order of their ids, which are `stepMs` apart. */
function series(
  count: number,
  { stepMs = 1, priority = Priority.NORMAL }: { stepMs?: number; priority?: Priority } = {},
): Message[] {
  let nowMs = NOW_MS;
  const generator = new GemstoneGenerator(1, { clock: () => nowMs });
  return Array.from({ length: count }, (_, n) => {
    const message = makeMessage({ id: generator.getId(priority).toInt(), payload: { n } });
    nowMs += stepMs;
    return message;
  });
}

async function storeAll(backend: MessagingBackend, messages: Message[]): Promise<void> {
  for (const message of messages) await backend.storeMessage("n", "t", message);
}

export function testLookup(transport: MessagingTransport): void {
  testOn(transport, "a topic without messages is empty", async (scene) => {
    const backend = scene.backend();
    assert.deepEqual(await backend.getMessagesForTopic("t"), []);
    assert.deepEqual(await backend.getMessagesForTopicSince("t", 0n), []);
    assert.deepEqual(await backend.getMessagesStoredAfter("t", 1n), []);
    assert.deepEqual(await backend.getMessagesSince("t", 2n ** 64n - 1n), []);
    assert.equal(await backend.getNextMessageForTopicSince("t", 5n), null);
    assert.deepEqual(await backend.getMessagesById("n", [1n]), []);
    assert.deepEqual(await backend.getMessagesById("n", []), []);
  });

  testOn(
    transport,
    "a client that follows a topic misses no message of a producer whose clock is behind",
    async (scene) => {
      const [backend, other] = [scene.backend(), scene.backend()];
      const messages = series(6);
      // The second producer's clock is behind: what it stores is earlier in time than what is there.
      const [behind, ahead] = [messages.slice(0, 3), messages.slice(3)];
      const seen: Message[] = [];
      const expected: Message[] = [];
      for (const [n, message] of ahead.entries()) {
        for (const each of [message, behind[n]]) {
          await other.storeMessage("n", "t", each);
          expected.push(each);
        }
        const last = seen.at(-1)?.id ?? 0n;
        const found = await backend.getMessagesStoredAfter("t", last);
        // A server that does not know the order returns all messages.
        seen.push(
          ...found.filter(({ id }) => !idsOf(seen).includes(id)).toSorted((a, b) =>
            idsOf(expected).indexOf(a.id) - idsOf(expected).indexOf(b.id)
          ),
        );
      }
      assert.deepEqual(idsOf(seen), idsOf(expected));
      assert.deepEqual(idsOf(await backend.getMessagesForTopicSince("t", ahead[2].id)), []);
    },
  );

  testOn(transport, "messages are sorted by id, whatever the order of storing", async (scene) => {
    const backend = scene.backend();
    const messages = series(20);
    await storeAll(backend, [...messages.slice(10), ...messages.slice(0, 10).toReversed()]);
    assert.deepEqual(await backend.getMessagesForTopic("t"), messages);
  });

  testOn(transport, "priority comes before time", async (scene) => {
    const backend = scene.backend();
    const low = series(3, { priority: Priority.LOW });
    const urgent = series(3, { priority: Priority.URGENT });
    const normal = series(3);
    await storeAll(backend, [...low, ...normal, ...urgent]);
    const sorted = idsOf([...urgent, ...normal, ...low]);
    assert.deepEqual(idsOf(await backend.getMessagesForTopic("t")), sorted);
  });

  testOn(
    transport,
    "a lookup since an id returns later messages of any priority",
    async (scene) => {
      const backend = scene.backend();
      const low = series(4, { priority: Priority.LOW });
      const urgent = series(4, { priority: Priority.URGENT });
      await storeAll(backend, [...low, ...urgent]);
      const since = async (id: bigint) => idsOf(await backend.getMessagesForTopicSince("t", id));
      // In the same millisecond the larger id comes later. It has the lower priority.
      assert.deepEqual(
        await since(urgent[1].id),
        idsOf([urgent[2], urgent[3], low[1], low[2], low[3]]),
      );
      assert.deepEqual(await since(low[1].id), idsOf([urgent[2], urgent[3], low[2], low[3]]));
      assert.deepEqual(await since(low[3].id), []);
    },
  );

  testOn(transport, "the next message is the first by id of the later ones", async (scene) => {
    const backend = scene.backend();
    const low = series(3, { priority: Priority.LOW });
    const urgent = series(3, { priority: Priority.URGENT });
    await storeAll(backend, [...low, ...urgent]);
    const next = await backend.getNextMessageForTopicSince("t", low[0].id);
    assert.deepEqual(next, urgent[1]);
    assert.equal(await backend.getNextMessageForTopicSince("t", low[2].id), null);
  });

  testOn(transport, "a lookup since an id works for an id without a message", async (scene) => {
    const backend = scene.backend();
    const messages = series(5);
    await storeAll(backend, messages.filter((_, n) => n !== 2));
    assert.deepEqual(
      numbersOf(await backend.getMessagesForTopicSince("t", messages[2].id)),
      [3, 4],
    );
    assert.equal((await backend.getMessagesForTopicSince("t", 0n)).length, 4);
  });

  testOn(
    transport,
    "a hundred messages of one millisecond can be read one by one",
    async (scene) => {
      const backend = scene.backend();
      const messages = series(100, { stepMs: 0 });
      await Promise.all(
        messages.toReversed().map((message) => backend.storeMessage("n", "t", message)),
      );
      assert.deepEqual(idsOf(await backend.getMessagesForTopic("t")), idsOf(messages));
      for (const [n, { id }] of messages.entries()) {
        const next = await backend.getNextMessageForTopicSince("t", id);
        assert.equal(next?.id, messages[n + 1]?.id);
      }
      const since = await backend.getMessagesSince("t", messages[49].id);
      assert.deepEqual(idsOf(since), idsOf(messages.slice(50)));
    },
  );

  testOn(
    transport,
    "a lookup by ids keeps their order and omits unknown ids",
    async (scene) => {
      const backend = scene.backend();
      const messages = series(5);
      await storeAll(backend, messages);
      const [a, , c, , e] = messages;
      assert.deepEqual(await backend.getMessagesById("n", [e.id, 7n, a.id, c.id]), [e, a, c]);
    },
  );

  testOn(transport, "a namespace scopes the lookup by id, and topics are global", async (scene) => {
    const backend = scene.backend();
    const one = makeMessage({ payload: { in: "one" } });
    const other = makeMessage({ id: one.id, payload: { in: "other" } });
    const third = makeMessage();
    await backend.storeMessage("one", "t", one);
    await backend.storeMessage("other", "t", other);
    await backend.storeMessage("other", "t", third);
    assert.deepEqual(await backend.getMessagesById("one", [one.id, third.id]), [one]);
    assert.deepEqual(await backend.getMessagesById("other", [one.id, third.id]), [other, third]);
    assert.deepEqual(await backend.getMessagesById("none", [one.id]), []);
    const inTopic = await backend.getMessagesForTopic("t");
    assert.deepEqual(idsOf(inTopic), [one.id, one.id, third.id]);
    assert.deepEqual(inTopic.map(({ payload }) => payload["in"]).toSorted(), [
      "one",
      "other",
      undefined,
    ]);
  });

  testOn(
    transport,
    "a message stored again replaces the earlier one, and may be in several topics",
    async (scene) => {
      const backend = scene.backend();
      const first = numbered(1);
      const second = makeMessage({ id: first.id, payload: { n: 2 } });
      await backend.storeMessage("n", "t", first);
      await backend.storeMessage("n", "u", first);
      await backend.storeMessage("n", "t", second);
      assert.deepEqual(await backend.getMessagesForTopic("t"), [second]);
      assert.deepEqual(await backend.getMessagesForTopic("u"), [first]);
      assert.deepEqual(await backend.getMessagesById("n", [first.id]), [second]);
    },
  );

  testOn(transport, "ids are bigints of 64 bits", async (scene) => {
    const backend = scene.backend();
    await assert.rejects(backend.getMessagesForTopicSince("t", 5 as unknown as bigint), TypeError);
    await assert.rejects(backend.getNextMessageForTopicSince("t", -1n), RangeError);
    await assert.rejects(backend.getMessagesById("n", [1n, 2n ** 64n]), RangeError);
  });
}
