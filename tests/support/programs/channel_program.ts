// Pulls jobs with acknowledgement and holds the first one for ever, in a process or a worker.

import { Puller, Pusher } from "../../../mod.ts";

using puller = new Puller<string>("jobs", { ack: true });
using done = new Pusher<string>("done");
console.log("ready");
const job = await puller.recv();
done.send(`${job.value} ${Deno.args.join("-")}`);
console.log(`holds ${job.value} in ${Deno.env.get("KIND") ?? "no kind"}`);
await new Promise(() => setTimeout(() => {}, 2 ** 30));
