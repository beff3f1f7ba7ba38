/**
 * The two places where the same tests run.
 *
 * @module
 */

import { LocalChannel } from "../../mod.ts";
import type { Stage } from "./patterns.ts";
import { inScratch } from "./scratch.ts";
import { WorkerPeer } from "./worker_peer.ts";

const LOCAL_CAPACITY_BYTES = 1024 * 1024;

/** Processes on a segment. */
export function amongProcesses(test: (stage: Stage) => Promise<void>): Promise<void> {
  return inScratch((scratch) =>
    test({
      target: "stage",
      options: { dir: scratch.path },
      location: { path: `${scratch.path}/stage` },
      peer: () => scratch.spawn(),
    })
  );
}

/** Workers on a local channel. */
export async function amongWorkers(test: (stage: Stage) => Promise<void>): Promise<void> {
  using channel = LocalChannel.create({ capacityBytes: LOCAL_CAPACITY_BYTES });
  using peers = new DisposableStack();
  await test({
    target: channel.handle,
    options: {},
    location: channel.handle,
    peer: () => peers.use(new WorkerPeer()),
  });
}
