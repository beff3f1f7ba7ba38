import assert from "node:assert/strict";
import { Publisher } from "../../../mod.ts";
import { sleep, until } from "../../support/deadline.ts";
import { inScratch } from "../../support/scratch.ts";

/** What a process holds: descriptors and mappings of all kinds, and those of files in a directory. */
interface ProcessUsage {
  descriptors: number;
  mappings: number;
  ours: string[];
}

function usageOf(pid: number, dir: string): ProcessUsage {
  const descriptors = [...Deno.readDirSync(`/proc/${pid}/fd`)].map(({ name }) =>
    linkOf(`/proc/${pid}/fd/${name}`)
  );
  const mappings = Deno.readTextFileSync(`/proc/${pid}/maps`).split("\n");
  return {
    descriptors: descriptors.length,
    mappings: mappings.length,
    ours: [...descriptors, ...mappings].filter((line) => line.includes(dir)),
  };
}

/** Empty for a descriptor that was closed meanwhile. */
function linkOf(path: string): string {
  try {
    return Deno.readLinkSync(path);
  } catch {
    return "";
  }
}

/** Nothing of Ringbus is left; the runtime may hold a few things more. */
function assertNotGrown(before: ProcessUsage, after: ProcessUsage): void {
  assert.deepEqual(after.ours, []);
  for (const kind of ["descriptors", "mappings"] as const) {
    const [was, is] = [before[kind], after[kind]];
    assert.ok(is <= was + RUNTIME_MARGIN[kind], `${was} ${kind} became ${is}`);
  }
}

function hasNotGrown(before: ProcessUsage, after: ProcessUsage): boolean {
  return after.mappings <= before.mappings + RUNTIME_MARGIN.mappings;
}

/** A leak of one per cycle would be 200. Mappings are removed when the garbage collector runs. */
const RUNTIME_MARGIN = { descriptors: 5, mappings: 40 };

/** Ticks of a hundredth of a second that a process has run. */
function ticksOf(pid: number): number {
  const fields = Deno.readTextFileSync(`/proc/${pid}/stat`).split(") ")[1].split(" ");
  return Number(fields[11]) + Number(fields[12]);
}

function residentBytesOf(pid: number): number {
  return Number(Deno.readTextFileSync(`/proc/${pid}/statm`).split(" ")[1]) * 4096;
}

Deno.test("a process that waits on 100 channels uses one doorbell and hardly any time", () =>
  inScratch(async ({ path: dir, spawn, names }) => {
    const child = spawn();
    await child.execute({ do: "listenIdle", prefix: "quiet", count: 100, options: { dir } });
    assert.equal(names().length, 101, "100 segments and a doorbell");
    await sleep(200);
    const before = ticksOf(child.pid);
    await sleep(2000);
    const share = (ticksOf(child.pid) - before) / 200;
    // Ten times the target, for a busy machine.
    assert.ok(share < 0.1, `waiting took ${(share * 100).toFixed(1)}% of a processor`);

    // It receives from each of them.
    using publisher = new Publisher("quiet42", { dir });
    publisher.send("heard");
    await until(async () => {
      const heard = await child.execute<{ received: number }>({ do: "statistics", id: "quiet42" });
      return heard.received === 1;
    }, "hearing on one of 100 channels");
    await child.execute({ do: "close" });
  }));

Deno.test("opening and closing 200 times leaves no descriptor and no mapping behind", () =>
  inScratch(async ({ path: dir, spawn, names }) => {
    const child = spawn({ flags: ["--allow-ffi", "--v8-flags=--expose-gc"] });
    const churn = (cycles: number) =>
      child.execute({ do: "churn", target: "churn", options: { dir }, cycles, messages: 5 });
    await churn(50);
    const before = usageOf(child.pid, dir);
    assert.equal(await churn(200), 1000);
    // The garbage collector removes mappings at some time, so it gets several chances; a leak stays.
    await until(async () => {
      await churn(1);
      return hasNotGrown(before, usageOf(child.pid, dir));
    }, "the collector giving mappings back");
    assertNotGrown(before, usageOf(child.pid, dir));
    assert.deepEqual(names(), []);
  }));

Deno.test("100,000 messages leave no descriptor, no mapping and little memory behind", () =>
  inScratch(async ({ path: dir, spawn }) => {
    const child = spawn({ flags: ["--allow-ffi", "--v8-flags=--expose-gc"] });
    const churn = (messages: number) =>
      child.execute({ do: "churn", target: "churn", options: { dir }, cycles: 1, messages });
    await churn(10_000);
    const before = usageOf(child.pid, dir);
    const residentBefore = residentBytesOf(child.pid);
    assert.equal(await churn(100_000), 100_000);
    assertNotGrown(before, usageOf(child.pid, dir));
    const grownMb = (residentBytesOf(child.pid) - residentBefore) / 1e6;
    assert.ok(grownMb < 20, `the process grew by ${grownMb} MB`);
  }));
