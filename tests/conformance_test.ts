// One suite for both carriers: they must not differ but in how they are opened.

import { testAck } from "./conformance/ack.ts";
import { testBroadcast } from "./conformance/broadcast.ts";
import { CARRIERS } from "./conformance/channel.ts";
import { testLifecycle } from "./conformance/lifecycle.ts";
import { testQueue } from "./conformance/queue.ts";
import { testRequests } from "./conformance/requests.ts";
import { testSizes } from "./conformance/sizes.ts";
import { testWaiting } from "./conformance/waiting.ts";

for (const carrier of CARRIERS) {
  testBroadcast(carrier);
  testQueue(carrier);
  testAck(carrier);
  testRequests(carrier);
  testWaiting(carrier);
  testSizes(carrier);
  testLifecycle(carrier);
}
