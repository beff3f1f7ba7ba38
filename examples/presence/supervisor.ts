// Says who is in the fleet, who leaves it and who dies, until nobody is left. Run it beside robot.ts:
//   deno run --allow-ffi examples/presence/supervisor.ts
import { Channel } from "@ringbus/ringbus";

const robots = new Set<string>();
console.log("watching");
for await (const { type, id, label, role } of new Channel("example-fleet").participants()) {
  if (role !== "publisher") continue;
  console.log(`${label} ${type}`); // "arm joined", "arm died"
  if (type === "joined") robots.add(id);
  else robots.delete(id);
  if (robots.size === 0) break;
}
