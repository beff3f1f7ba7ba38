/**
 * Feeds malformed requests to the HTTP service, without sockets, and prints the result as JSON.
 * Arguments: seed, and number of requests. Run with `--v8-flags=--expose-gc`.
 *
 * @module
 */

import { Auth } from "../../../backends/http/server/auth.ts";
import { SubscriberQuota } from "../../../backends/http/server/subscriber_quota.ts";
import { Service } from "../../../backends/http/server/service.ts";
import { Store } from "../../../mod.ts";
import { Random } from "../random.ts";
import { hostileRequest } from "../hostile_http.ts";

const [seed, count] = Deno.args.map(Number);
const random = new Random(seed);
const store = new Store({ maxMessagesPerTopic: 100, maxBytes: 10_000_000 });
const quota = new SubscriberQuota(1000);
const limits = { queue: { maxQueueLength: 100 }, idleSeconds: 300, quota };
const service = new Service(store, new Auth("127.0.0.1", undefined), limits, {
  maxBodyBytes: 100_000,
});

const statuses: Record<number, number> = {};
const wrong: string[] = [];

async function feed(): Promise<void> {
  const { method, target, headers, body } = hostileRequest(random);
  let request: Request;
  try {
    const init = { method, headers: [["host", "localhost"], ...headers] as [string, string][] };
    request = new Request(`http://localhost${target}`, body === "" ? init : { ...init, body });
  } catch {
    // `Request` cannot represent it: such a request only arrives over a socket.
    return;
  }
  const response = await service.handle(request);
  statuses[response.status] = (statuses[response.status] ?? 0) + 1;
  const isStream = response.headers.get("content-type") === "text/event-stream";
  if (isStream || request.url.includes("/poll")) await response.body?.cancel();
  else await check(response, `${method} ${target} ${body}`);
}

async function check(response: Response, request: string): Promise<void> {
  const text = await response.text();
  try {
    if (response.status !== 303) JSON.parse(text);
    if (response.status < 500) return;
  } catch {
    // Told below.
  }
  wrong.push(`${request}: ${response.status} ${text}`);
}

/** Bytes of the heap after the collector has run. */
async function heapBytes(): Promise<number> {
  service.clear();
  store.clear();
  for (let i = 0; i < 3; i++) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    (globalThis as unknown as { gc(): void }).gc();
  }
  return Deno.memoryUsage().heapUsed;
}

const warmUp = Math.floor(count / 5);
for (let i = 0; i < warmUp; i++) await feed();
const before = await heapBytes();
for (let i = warmUp; i < count; i++) await feed();
const growthBytes = await heapBytes() - before;
const { subscriptions, patternSubscriptions, messages, keys, bytes } = store.stats();
console.log(JSON.stringify({
  statuses,
  wrong: wrong.slice(0, 5),
  growthBytes,
  left: { subscriptions, patternSubscriptions, messages, keys, bytes, places: quota.used },
}));
