// Keyspace notifications of all kinds of values are those of redis-server, in its order.

import assert from "node:assert/strict";
import fc from "fast-check";
import { assertProperty } from "../../support/property.ts";
import { RespClient, type WireReply } from "../../support/resp_client.ts";
import { sequences } from "../../stress/redis/sequence.ts";
import { withPorts } from "../../stress/redis/servers.ts";

const END = "__keyevent@0__:end";
const KINDS = ["lists", "sorted sets", "streams", "geo", "hyperloglogs"];
/** What depends on chance, or on time. */
const UNSTABLE = /^(?:B|XREAD|SORT|PEXPIRE)/;

/** The events that commands cause at a server. */
async function eventsOf(port: number, commands: readonly (readonly string[])[]) {
  await using actor = await RespClient.open(port);
  await using listener = await RespClient.open(port);
  await actor.call("FLUSHALL");
  await listener.call("PSUBSCRIBE", "__keyevent@0__:*");
  await actor.pipeline([...commands, ["PUBLISH", END, ""]]);
  const events: string[] = [];
  for (;;) {
    const [, , channel, key] = await listener.reply() as WireReply[];
    if (channel === END) return events;
    events.push(`${channel} ${key}`);
  }
}

Deno.test("resp: keyspace notifications of each kind are those of redis-server", () =>
  withPorts(async ({ ours, theirs }) => {
    for (const port of [ours, theirs]) {
      await using client = await RespClient.open(port);
      await client.call("CONFIG", "SET", "notify-keyspace-events", "EA");
    }
    const property = fc.asyncProperty(sequences(KINDS, 40), async ({ steps }) => {
      const commands = steps.map(({ words }) => words).filter(([name]) => !UNSTABLE.test(name));
      const [one, other] = await Promise.all(
        [ours, theirs].map((port) => eventsOf(port, commands)),
      );
      assert.deepEqual(one, other, JSON.stringify(commands));
    });
    await assertProperty(property, { numRuns: 200 });
  }));
