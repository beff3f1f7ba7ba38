/**
 * All stages of `deno task fuzz:servers`, in their order.
 *
 * @module
 */

import { differentialStage } from "./differential.ts";
import { HOSTILE_SERVERS } from "./hostile_servers.ts";
import type { Stage } from "./stage.ts";
import { TARGETS } from "./targets.ts";

/** The stages. */
export const STAGES: readonly Stage[] = [...TARGETS.map(differentialStage), ...HOSTILE_SERVERS];
