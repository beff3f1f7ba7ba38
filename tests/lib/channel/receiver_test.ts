import assert from "node:assert/strict";
import { LocalChannel, Puller, Pusher } from "../../../mod.ts";
import { replaceRing } from "../../stress/corruption/interpose.ts";

Deno.test("messages of a batch that an error ends are received by the next call", () => {
  using channel = LocalChannel.create({ capacityBytes: 1024 });
  using pusher = new Pusher<Uint8Array>(channel.handle, { codec: "raw" });
  using puller = new Puller<Uint8Array>(channel.handle, { codec: "raw" });
  const lengths = [1, 2, 2000];
  for (const length of lengths) assert(pusher.send(new Uint8Array(length)));
  let failures = 1;
  replaceRing(puller, (ring) => ({
    ...ring,
    foundTag(offset, length) {
      if (failures-- > 0) throw new Error("the segment cannot be mapped");
      return ring.foundTag(offset, length);
    },
  }));
  assert.throws(() => puller.drain(), /cannot be mapped/);
  assert.deepEqual(puller.drain().map((bytes) => bytes.length), lengths);
});
