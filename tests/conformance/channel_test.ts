// One suite for both carriers: they must not differ but in how they are opened.

import { testAck } from "./channel/ack.ts";
import { testBroadcast } from "./channel/broadcast.ts";
import { CARRIERS } from "./channel/channel.ts";
import { testLifecycle } from "./channel/lifecycle.ts";
import { testQueue } from "./channel/queue.ts";
import { testRequests } from "./channel/requests.ts";
import { testSizes } from "./channel/sizes.ts";
import { testWaiting } from "./channel/waiting.ts";

for (const carrier of CARRIERS) {
  testBroadcast(carrier);
  testQueue(carrier);
  testAck(carrier);
  testRequests(carrier);
  testWaiting(carrier);
  testSizes(carrier);
  testLifecycle(carrier);
}
