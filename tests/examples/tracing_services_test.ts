// One trace across three processes, as a collector of OpenTelemetry receives it.

import assert from "node:assert/strict";
import { OtlpReceiver, type ReceivedSpan } from "../support/otlp_receiver.ts";
import { Program } from "../support/program.ts";
import { inScratch } from "../support/scratch.ts";

/** Each span of the trace that begins with `root`, after its parent. */
function treeOf(spans: readonly ReceivedSpan[], root: string): string[] {
  const { traceId } = spans.find(({ name }) => name === root)!;
  const names = new Map(spans.map((span) => [span.spanId, `${span.service}: ${span.name}`]));
  return spans.filter((span) => span.traceId === traceId).map(({ spanId, parentId }) =>
    `${parentId === undefined ? "" : names.get(parentId)} > ${names.get(spanId)}`
  ).sort();
}

Deno.test("example tracing_services: a collector receives one trace of three processes", () =>
  inScratch(async ({ path: RINGBUS_DIR }) => {
    await using collector = new OtlpReceiver();
    const run = (service: string) => {
      const file = `examples/tracing_services/${service}.ts`;
      const flags = ["--allow-ffi", "--allow-env=RINGBUS_DIR"];
      return new Program([...flags, file], { RINGBUS_DIR, ...collector.environmentOf(service) });
    };
    await using kitchen = run("kitchen");
    await using desk = run("desk");
    await Promise.all([kitchen.prints("open"), desk.prints("open")]);
    await using counter = run("counter");
    assert.deepEqual(await counter.lines(), ["served: hot soup"]);
    desk.kill("SIGINT");
    kitchen.kill("SIGTERM");
    // A program that ends has sent its spans before.
    await Promise.all([desk.lines(), kitchen.lines()]);
    assert.deepEqual(treeOf(collector.spans, "order"), [
      " > counter: order",
      "counter: order > counter: receive example-traced-served",
      "counter: order > counter: send example-traced-orders",
      "counter: send example-traced-orders > desk: process example-traced-orders",
      "counter: send example-traced-orders > desk: receive example-traced-orders",
      "desk: process example-traced-orders > desk: publish cook",
      "desk: process example-traced-orders > desk: send example-traced-served",
      "desk: publish cook > kitchen: acknowledge cook",
      "desk: publish cook > kitchen: process cook",
      "desk: send example-traced-served > counter: process example-traced-served",
      "kitchen: process cook > kitchen: cook",
    ]);
  }));
