// The example of tracing, its spans exported by Deno itself.

import assert from "node:assert/strict";
import { Program } from "./support/program.ts";
import { inScratch } from "./support/scratch.ts";

interface Printed {
  name: string;
  traceId: string;
  spanId: string;
  parentId: string | undefined;
}

const SPAN = /^SPAN (.+) \[([0-9a-f]{32})\/([0-9a-f]{16})\].*\n((?: .*\n)*)/gm;

/** The spans in what a program printed. */
function spansIn(output: string): Printed[] {
  return [...output.matchAll(SPAN)].map(([, name, traceId, spanId, details]) => ({
    name,
    traceId,
    spanId,
    parentId: /^ *parent: ([0-9a-f]{16})$/m.exec(details)?.[1],
  }));
}

Deno.test("example tracing: what the worker does belongs to the shop's traces", () =>
  inScratch(async ({ path: RINGBUS_DIR }) => {
    const env = { RINGBUS_DIR, OTEL_DENO: "true", OTEL_EXPORTER_OTLP_PROTOCOL: "console" };
    const run = (file: string) =>
      new Program(["--allow-ffi", "--allow-env=RINGBUS_DIR", `examples/tracing/${file}`], env);
    await using worker = run("worker.ts");
    await worker.prints("open");
    await using shop = run("shop.ts");
    await shop.lines();
    await worker.prints("packed 2 apple");
    worker.kill("SIGINT");
    await worker.lines();
    assert.match(shop.output, /sold 2 apple for 4/);
    assert.match(shop.output, /not sold: there is no melon/);
    const spans = [...spansIn(shop.output), ...spansIn(worker.output)];
    const parents = new Map(spans.map(({ spanId, name }) => [spanId, name]));
    const tree = (root: string) => {
      const { traceId } = spans.find(({ name }) => name === root)!;
      return spans.filter((span) => span.traceId === traceId)
        .map(({ name, parentId }) => `${name} < ${parentId && parents.get(parentId)}`).sort();
    };
    assert.deepEqual(tree("sell apple"), [
      "ack example-orders < send example-orders",
      "pack < process example-orders",
      "process example-orders < send example-orders",
      "process example-prices < request example-prices",
      "receive example-orders < send example-orders",
      "request example-prices < sell apple",
      "sell apple < undefined",
      "send example-orders < sell apple",
    ]);
    assert.deepEqual(tree("sell melon"), [
      "process example-prices < request example-prices",
      "request example-prices < sell melon",
      "sell melon < undefined",
    ]);
  }));
