// Labels: the names that programs give their sockets, as those see them who read the channel.

import assert from "node:assert/strict";
import type { Role } from "../../../lib/segment/format.ts";
import { participantOffset } from "../../../lib/segment/tables.ts";
import { takeSnapshot } from "../../../lib/observe/snapshot.ts";
import { BytesInMemory } from "../../support/observed.ts";
import { PARTICIPANT_LABEL } from "../../../wasm/layout.ts";
import { type TestChannel, testOn, type TestTransport } from "./channel.ts";

const LONGEST = "é".repeat(20);

/** What a reader of the bytes sees. */
function labelsIn(bytes: Uint8Array): [Role | undefined, string | undefined][] {
  const { participants } = takeSnapshot(new BytesInMemory(new Uint8Array(bytes)), undefined);
  return participants.map(({ role, label }) => [role, label]);
}

function labelsOf(channel: TestChannel): [Role | undefined, string | undefined][] {
  return labelsIn(channel.bytes());
}

export function testLabels(transport: TestTransport): void {
  testOn(transport, "a label is that of its socket, and goes with it", (open) => {
    const channel = open();
    channel.publisher({ label: "camera" });
    const planner = channel.subscriber({ label: LONGEST });
    channel.subscriber();
    assert.deepEqual(labelsOf(channel), [
      ["publisher", "camera"],
      ["subscriber", LONGEST],
      ["subscriber", undefined],
    ]);
    planner.close();
    channel.subscriber();
    assert.deepEqual(labelsOf(channel)[1], ["subscriber", undefined]);
  });

  testOn(transport, "requesters and repliers have labels", (open) => {
    const channel = open();
    channel.requester({ label: "a" });
    channel.replier({ label: "b" });
    assert.deepEqual(labelsOf(channel), [["requester", "a"], ["replier", "b"]]);
  });

  testOn(transport, "what is no label is rejected, and leaves no socket", (open) => {
    const channel = open();
    for (const label of ["", `${LONGEST}.`, "a\nb", "a\0b", "\ud800", "\x9b1m", 7, null]) {
      assert.throws(() => channel.pusher({ label: label as string }), {
        name: "TypeError",
        message:
          /^label must be well-formed text of 1 to 40 bytes without control characters, not /,
      });
    }
    channel.pusher({ label: "one" });
    assert.deepEqual(labelsOf(channel), [["pusher", "one"]]);
  });

  testOn(transport, "a label that was overwritten disturbs no terminal", (open) => {
    const channel = open();
    const { capacityBytes } = channel.pusher({ label: "one" });
    const bytes = channel.bytes().slice();
    const geometry = takeSnapshot(new BytesInMemory(new Uint8Array(bytes)), undefined).geometry!;
    assert.equal(geometry.capacity, capacityBytes);
    const at = participantOffset(geometry, 0) + PARTICIPANT_LABEL;
    bytes.set([0x1b, 0x63, 0xff], at);
    assert.deepEqual(labelsIn(bytes), [["pusher", "\ufffdc\ufffd"]]);
  });
}
