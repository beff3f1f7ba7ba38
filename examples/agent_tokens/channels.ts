// The channel of coordinator.ts and agent.ts, and the tokens of a scripted model. It is no program.
import { defineChannel } from "@ringbus/ringbus";
import { z } from "zod";

/** A request says with which token the answer goes on: 0, or more after an agent was lost. */
export const answers = defineChannel("example-agent-tokens", {
  pattern: "request/reply",
  schema: {
    request: z.object({ prompt: z.string(), from: z.int().nonnegative() }),
    part: z.object({ agent: z.string(), text: z.string() }),
    reply: z.object({ produced: z.int() }),
  },
});

/** Goes on for ever: the coordinator cancels the stream. */
export const ENDLESS = "count";

/** A token of the answer; undefined behind its end. A language model goes here. */
export function token(prompt: string, index: number): string | undefined {
  if (prompt === ENDLESS) return `${index}`;
  return `You asked for ${prompt} , and here it is .`.split(" ")[index];
}
