/**
 * All stages of `deno task fuzz:servers`, in their order.
 *
 * @module
 */

import { DESCRIPTORS_STAGE } from "./descriptors.ts";
import { differentialStage } from "./differential.ts";
import { HOSTILE_BYTES } from "./hostile_bytes.ts";
import { HOSTILE_SERVERS } from "./hostile_servers.ts";
import { MEMORY } from "./memory.ts";
import { RESTARTS } from "./restarts.ts";
import { SLOW_PEERS } from "./slow_peers.ts";
import type { Stage } from "./stage.ts";
import { TARGETS } from "./targets.ts";

/** The stages. */
export const STAGES: readonly Stage[] = [
  ...TARGETS.map(differentialStage),
  ...HOSTILE_BYTES,
  DESCRIPTORS_STAGE,
  SLOW_PEERS,
  ...MEMORY,
  RESTARTS,
  ...HOSTILE_SERVERS,
];
