// Spans that Deno exports: those of the example, and those between Deno's own spans.

import assert from "node:assert/strict";
import { Program } from "../support/program.ts";
import { inScratch } from "../support/scratch.ts";

interface Printed {
  name: string;
  traceId: string;
  spanId: string;
  parentId: string | undefined;
}

const SPAN = /^SPAN (.+) \[([0-9a-f]{32})\/([0-9a-f]{16})\].*\n((?: .*\n)*)/gm;

/** The spans in the output of a program. */
function spansIn(output: string): Printed[] {
  return [...output.matchAll(SPAN)].map(([, name, traceId, spanId, details]) => ({
    name,
    traceId,
    spanId,
    parentId: /^ *parent: ([0-9a-f]{16})$/m.exec(details)?.[1],
  }));
}

/** The spans of a trace by its first one, each with its parent. */
function treeOf(spans: Printed[], root: string): string[] {
  const { traceId } = spans.find(({ name }) => name === root)!;
  const names = new Map(spans.map(({ spanId, name }) => [spanId, name]));
  return spans.filter((span) => span.traceId === traceId)
    .map(({ name, parentId }) => `${name} < ${parentId && names.get(parentId)}`).sort();
}

const TRACED = { OTEL_DENO: "true", OTEL_EXPORTER_OTLP_PROTOCOL: "console" };

Deno.test("spans of HTTP calls are between Deno's own spans of fetch and of serving", async () => {
  await using program = new Program(
    ["--allow-net", "tests/support/programs/deno_traced.ts"],
    TRACED,
  );
  await program.lines();
  assert.deepEqual(treeOf(spansIn(program.output), "store t"), [
    "POST /store_message < POST",
    "POST < POST",
    "POST < store t",
    "store t < undefined",
  ]);
});

Deno.test("example tracing: what the worker does belongs to the shop's traces", () =>
  inScratch(async ({ path: RINGBUS_DIR }) => {
    const run = (file: string) =>
      new Program(["--allow-ffi", "--allow-env=RINGBUS_DIR", `examples/tracing/${file}`], {
        RINGBUS_DIR,
        ...TRACED,
      });
    await using worker = run("worker.ts");
    await worker.prints("open");
    await using shop = run("shop.ts");
    await shop.lines();
    await worker.prints("packed 2 apple");
    worker.kill("SIGINT");
    await worker.lines();
    assert.match(shop.output, /sold 2 apple for 4/);
    assert.match(shop.output, /not sold: there is no melon/);
    const tree = (root: string) => treeOf([shop.output, worker.output].flatMap(spansIn), root);
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
