// The channels of robot.ts and panel.ts, which both import. It is no program.
import { defineChannel } from "@ringbus/ringbus";
import { z } from "zod";

export const position = defineChannel("example-position", {
  pattern: "publish/subscribe",
  schema: z.object({ step: z.int(), x: z.number(), y: z.number() }),
});

export const movement = defineChannel("example-movement", {
  pattern: "request/reply",
  schema: {
    request: z.object({ steps: z.int().positive(), speed: z.number().max(2).default(1) }),
    reply: z.object({ x: z.number() }),
    part: z.int(),
  },
});
