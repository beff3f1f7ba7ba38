// Shared state of many processes: no slot is lost, and a killed process leaves whole slots or none.

import assert from "node:assert/strict";
import {
  type BackendConfig,
  getSharedBackend,
  resetSharedBackend,
} from "../../../backends/state/mod.ts";
import { redisServer } from "../../../testing/mod.ts";
import { sleep, within } from "../../support/deadline.ts";
import { freePort } from "../../support/free_port.ts";
import { Program } from "../../support/program.ts";
import { Random } from "../../support/random.ts";
import { makeScratchDirectory } from "../../support/scratch.ts";
import { readSlot } from "../../support/written_slots.ts";

const WRITERS = 8;
const SLOTS = 10_000;
const KILLS = 6;
/** Longest time in milliseconds from the start of a writer to its end. */
const LIFE_MS = 60;

/** A backend that processes share. */
interface Site extends AsyncDisposable {
  readonly config: BackendConfig;
  readonly env?: Record<string, string>;
}

const SITES: Record<string, () => Promise<Site>> = {
  manager: () => {
    const managerAuthkey = crypto.getRandomValues(new Uint8Array(32));
    return Promise.resolve({
      config: {
        backendType: "manager",
        managerAddress: ["127.0.0.1", freePort()],
        managerAuthkey,
      },
      [Symbol.asyncDispose]: () => Promise.resolve(),
    });
  },
  redis: async () => {
    const server = await redisServer();
    return {
      config: { backendType: "redis", redisUrl: server.url },
      [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
    };
  },
  shm: () => {
    const dir = makeScratchDirectory();
    Deno.env.set("RINGBUS_DIR", dir);
    return Promise.resolve({
      config: { backendType: "shm", shmName: "shared" },
      env: { RINGBUS_DIR: dir },
      [Symbol.asyncDispose]: async () => {
        Deno.env.delete("RINGBUS_DIR");
        await Deno.remove(dir, { recursive: true });
      },
    });
  },
};

function writer(site: Site, number: number, count: number, size: number): Program {
  const { managerAuthkey } = site.config;
  const config = { ...site.config, managerAuthkey: managerAuthkey?.toBase64() };
  const args = [JSON.stringify(config), "t", String(number), String(count), String(size)];
  return new Program(["-A", "tests/support/programs/state_writer.ts", ...args], site.env);
}

/** Runs a test while this process is attached, so that the state outlives the writers. */
async function withSite(
  open: () => Promise<Site>,
  test: (site: Site, slots: () => Promise<Uint8Array[]>) => Promise<void>,
): Promise<void> {
  await using site = await open();
  Object.assign(site.config, { maxSlotsPerThread: 100_000 });
  try {
    const backend = await getSharedBackend(site.config);
    await test(site, () => backend.bufferGetThread("t"));
  } finally {
    await resetSharedBackend();
  }
}

for (const [name, open] of Object.entries(SITES)) {
  Deno.test(`${name} state: ${WRITERS} processes append ${SLOTS} slots each, and all are there`, () =>
    withSite(open, async (site, slots) => {
      await using stack = new AsyncDisposableStack();
      const writers = Array.from(
        { length: WRITERS },
        (_, i) => stack.use(writer(site, i, SLOTS, 12)),
      );
      const indices = await Promise.all(writers.map(indicesOf));
      const written = (await slots()).map(readSlot);
      assert.equal(written.length, WRITERS * SLOTS);
      const seen = new Set<number>();
      for (const [i, own] of indices.entries()) {
        let last = -1;
        for (const [number, index] of own.entries()) {
          seen.add(index);
          assert.ok(index > last, `slot ${number} of writer ${i} has index ${index} after ${last}`);
          assert.deepEqual(written[index], { writer: i, number });
          last = index;
        }
      }
      assert.equal(seen.size, WRITERS * SLOTS);
    }));

  Deno.test(`${name} state: killed processes leave whole slots or none`, () =>
    withSite(open, async (site, slots) => {
      const random = new Random(6);
      for (let round = 0; round < KILLS; round++) {
        await using program = writer(site, round, 0, 3000);
        await program.prints("begun");
        await sleep(random.below(LIFE_MS));
        program.kill("SIGKILL");
        await program.ended();
      }
      // A server may still receive the last appends of a killed writer while the next one appends.
      const byWriter = Map.groupBy((await slots()).map(readSlot), ({ writer }) => writer);
      for (let round = 0; round < KILLS; round++) {
        const numbers = byWriter.get(round)!.map(({ number }) => number);
        assert.deepEqual(numbers, Array.from(numbers, (_, i) => i));
      }
    }));
}

async function indicesOf(program: Program): Promise<number[]> {
  await within(program.ended(), "the end of a writer", 120_000);
  const base64 = /^indices (.*)$/m.exec(program.output)?.[1];
  assert.ok(base64 !== undefined, program.output);
  return [...new Uint32Array(Uint8Array.fromBase64(base64).buffer)];
}
