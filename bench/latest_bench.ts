/**
 * Measures latest values between two participants of one process: an unchanged read beside a lookup in a
 * `Map`, a read after a change, a set and an update.
 *
 * Run with `deno bench --allow-ffi bench/latest_bench.ts`, or with `--allow-env=RINGBUS_DIR` in addition to
 * name the directory.
 */

import { Latest } from "../mod.ts";

const KEYS = 1000;
const POSE = { frame: "base", pos: [1, 2, 3], ok: true };

const name = `latest-bench-${Deno.pid}`;
const writer = new Latest<unknown>(name);
const reader = new Latest<unknown>(name);
const map = new Map<string, unknown>();
const keys = Array.from({ length: KEYS }, (_, i) => `joint.${i}`);
for (const key of keys) {
  writer.set(key, POSE);
  map.set(key, POSE);
}
writer.set("lease", POSE, { ttlMs: 3_600_000 });

const TIMES = 1000;

/** Calls so often in a measurement that reading the clock does not count. */
function bench(label: string, isBaseline: boolean, call: (i: number) => unknown): void {
  Deno.bench(`${label}, 1000 times`, { baseline: isBaseline }, () => {
    for (let i = 0; i < TIMES; i++) call(i);
  });
}

bench("a lookup in a Map", false, (i) => map.get(keys[i]));
bench("an unchanged read of one key", true, () => reader.get("joint.7"));
bench("an unchanged read of each of 1000 keys", false, (i) => reader.get(keys[i]));
bench("an unchanged read with a time to live", false, () => reader.get("lease"));
bench("a set", false, () => writer.set("joint.7", POSE));
bench("a set, and a read of another participant", false, () => {
  writer.set("joint.7", POSE);
  reader.get("joint.7");
});
bench("an update", false, () => writer.update("joint.7", (pose) => pose));

globalThis.addEventListener("unload", () => {
  writer.close();
  reader.close();
});
