/** A process that does nothing but await `recv` on many channels. Arguments: FOLDER CHANNELS. */
import { Puller } from "../../mod.ts";
import { exitWithHarness } from "./clock.ts";
import { say } from "./shared/control.js";

exitWithHarness();
const [dir, channels] = Deno.args;
for (let i = 0; i < Number(channels); i++) void new Puller(`idle-${i}`, { dir }).recv();
say({ event: "ready" });
