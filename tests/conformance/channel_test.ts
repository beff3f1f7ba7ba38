// One suite for local channels and segments: they differ only in how they are opened.

import { testAck } from "./channel/ack.ts";
import { testBroadcast } from "./channel/broadcast.ts";
import { TRANSPORTS } from "./channel/channel.ts";
import { testCodecChoice } from "./channel/codec_choice.ts";
import { testDeadlines } from "./channel/deadlines.ts";
import { testHistory } from "./channel/history.ts";
import { testIterables } from "./channel/iterables.ts";
import { testLabels } from "./channel/labels.ts";
import { testLifecycle } from "./channel/lifecycle.ts";
import { testManyBytes } from "./channel/many_bytes.ts";
import { testOptions } from "./channel/options.ts";
import { testQueue } from "./channel/queue.ts";
import { testRequests } from "./channel/requests.ts";
import { testServing } from "./channel/serving.ts";
import { testStreams } from "./channel/streams.ts";
import { testSizes } from "./channel/sizes.ts";
import { testTopics } from "./channel/topics.ts";
import { testUnusualValues } from "./channel/unusual_values.ts";
import { testWaiting } from "./channel/waiting.ts";

for (const transport of TRANSPORTS) {
  testBroadcast(transport);
  testHistory(transport);
  testDeadlines(transport);
  testTopics(transport);
  testQueue(transport);
  testCodecChoice(transport);
  testAck(transport);
  testRequests(transport);
  testWaiting(transport);
  testOptions(transport);
  testServing(transport);
  testStreams(transport);
  testIterables(transport);
  testSizes(transport);
  testManyBytes(transport);
  testUnusualValues(transport);
  testLifecycle(transport);
  testLabels(transport);
}
