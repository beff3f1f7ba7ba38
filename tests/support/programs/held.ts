/**
 * A peer that can be held at a failpoint: `held.ts RING JOURNAL`.
 *
 * @module
 */

import { watchFailpoints } from "../../stress/failpoints/watch.ts";
import { Journal } from "../../stress/journal.ts";

const [ring, journal] = Deno.args;
watchFailpoints(ring, Journal.open(journal));
await import("./peer.ts");
