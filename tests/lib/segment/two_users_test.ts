// Files and directories that another user owns or can write to are rejected with the reason.

import assert from "node:assert/strict";
import { listChannels, Puller, Pusher, ShmPermissionError } from "../../../mod.ts";
import { inScratch, makeScratchDirectory } from "../../support/scratch.ts";
import type { Child } from "../../support/child.ts";

const OTHER = 65534;

const canBeOther = Deno.build.os === "linux" && Deno.uid() === 0;
if (!canBeOther) console.log("tests with a second user are skipped: only root can start one");

/** Runs a test with a directory that all users may enter, and a child of another user. */
function withOther(
  name: string,
  test: (place: { dir: string; other: Child; mine: string }) => Promise<void>,
): void {
  Deno.test({
    name,
    ignore: !canBeOther, // Only root can become another user.
    fn: () =>
      inScratch(async ({ path, spawn }) => {
        const dir = makeScratchDirectory();
        Deno.chmodSync(dir, 0o1777);
        try {
          // It has a directory of segments of its own.
          const env = { RINGBUS_DIR: "" };
          const other = spawn({ program: "other_user.ts", flags: ["-A"], env });
          await test({ dir, other, mine: path });
        } finally {
          Deno.removeSync(dir, { recursive: true });
        }
      }),
  });
}

function assertRejected(act: () => unknown, ...reasons: string[]): void {
  assert.throws(act, (error: Error) => {
    assert.ok(error instanceof ShmPermissionError, String(error));
    for (const reason of reasons) assert.ok(error.message.includes(reason), error.message);
    return true;
  });
}

function open(dir: string, role: "pusher" | "puller" = "pusher", id: string = role) {
  return { do: "open", id, role, target: "a", options: { dir } } as const;
}

async function assertOtherRejected(other: Child, dir: string, reason: RegExp): Promise<void> {
  await assert.rejects(other.execute(open(dir)), { kind: "ShmPermissionError", message: reason });
}

withOther(
  "another user's directory is rejected, whichever user created it",
  async ({ dir, other, mine }) => {
    using _pusher = new Pusher("a", { dir: mine });
    await assertOtherRejected(other, mine, /belongs to user 0, not to 65534; use one of your own/);
    const theirs = `${dir}/theirs`;
    await other.execute(open(theirs));
    await other.execute({ do: "send", id: "pusher", values: ["theirs"] });
    assertRejected(() => new Puller("a", { dir: theirs }), "it belongs to user 65534, not to 0");
    assertRejected(() => listChannels({ dir: theirs }), "it belongs to user 65534, not to 0");
    await other.execute(open(theirs, "puller"));
    const received = await other.execute(
      { do: "receive", id: "puller", mode: "sync", count: 1 } as const,
    );
    assert.deepEqual(received, ["theirs"]);
    await other.execute({ do: "close" });
  },
);

withOther("what a process without a umask makes is its user's alone", async ({ dir, other }) => {
  const theirs = `${dir}/theirs`;
  await other.execute(open(theirs));
  assert.equal(Deno.statSync(theirs).mode! & 0o777, 0o700);
  for (const { name } of Deno.readDirSync(theirs)) {
    const { mode, uid } = Deno.lstatSync(`${theirs}/${name}`);
    assert.deepEqual([name, mode! & 0o777, uid], [name, 0o600, OTHER]);
  }
  await other.execute({ do: "close" });
});

withOther(
  "another user's segment in one's own directory is rejected",
  async ({ dir, other, mine }) => {
    const theirs = `${dir}/theirs`;
    await other.execute(open(theirs));
    await other.execute({ do: "send", id: "pusher", values: ["bait"] });
    Deno.renameSync(`${theirs}/a`, `${mine}/a`);
    assertRejected(
      () => new Puller("a", { dir: mine }),
      "belongs to user 65534, not to 0",
      "remove it",
    );
    assert.deepEqual(listChannels({ dir: mine }), []);
    Deno.removeSync(`${mine}/a`);
    await other.execute({ do: "close" });
  },
);

withOther("a directory that others may write to is rejected to both", async ({ dir, other }) => {
  assertRejected(
    () => new Pusher("a", { dir }),
    "others may write to it (mode 1777)",
    "name a directory of your own with mode 700",
  );
  await assertOtherRejected(other, dir, /belongs to user 0/);
  Deno.chownSync(dir, OTHER, OTHER);
  await assertOtherRejected(other, dir, /others may write to it \(mode 1777\); name a directory/);
});

withOther("another user's link to one's own directory or segment is rejected", async (place) => {
  const { dir, mine } = place;
  using _pusher = new Pusher("a", { dir: mine, persist: true });
  Deno.symlinkSync(mine, `${dir}/link`);
  await new Deno.Command("chown", { args: ["-h", `${OTHER}`, `${dir}/link`] }).output();
  assertRejected(() => new Pusher("a", { dir: `${dir}/link` }), "it is a symbolic link");
  Deno.symlinkSync(`${mine}/a`, `${mine}/b`);
  await new Deno.Command("chown", { args: ["-h", `${OTHER}`, `${mine}/b`] }).output();
  assertRejected(() => new Pusher("b", { dir: mine }), "is a symbolic link; remove it");
  Deno.removeSync(`${mine}/b`);
  _pusher.close();
  Deno.removeSync(`${mine}/a`);
});

withOther("a directory made in advance in another user's name is rejected", async ({ other }) => {
  const theirs = `/dev/shm/ringbus-${OTHER}`;
  Deno.mkdirSync(theirs, { mode: 0o700 });
  try {
    await assert.rejects(other.execute({ do: "open", id: "a", role: "pusher", target: "a" }), {
      kind: "ShmPermissionError",
      message: /ringbus-65534 for segments: it belongs to user 0, not to 65534/,
    });
  } finally {
    Deno.removeSync(theirs);
  }
});
