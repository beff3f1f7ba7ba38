// The tools of the agents, in a process of their own. It runs until Ctrl-C:
//   deno run --allow-ffi examples/agent_swarm/tools.ts
import { Replier } from "@ringbus/ringbus";
import { type ToolCall, TOOLS } from "./channels.ts";

const STOCK: Record<string, number> = { apples: 100, pears: 24, plums: 37 };

const tools: Record<string, (input: ToolCall["input"]) => number> = {
  stock: ({ item }) => STOCK[item],
  divide: ({ a, b }) => Math.ceil(Number(a) / Number(b)),
};

const stop = new AbortController();
Deno.addSignalListener("SIGINT", () => stop.abort());

using replier = new Replier<ToolCall, number>(TOOLS);
console.log(`tools: ${Object.keys(tools).join(", ")}`);
await replier.serve(({ tool, input }) => {
  if (!Object.hasOwn(tools, tool)) throw new RangeError(`there is no tool ${tool}`);
  return tools[tool](input);
}, { signal: stop.signal });
