/**
 * Channels of a robot, with the schemas of several libraries, for the tests of defined channels and for the
 * programs of theirs.
 *
 * @module
 */

import { type } from "arktype";
import * as v from "valibot";
import { z } from "zod";
import { defineChannel } from "../../mod.ts";

/** Positions, by zod. */
export const positions = defineChannel("positions", {
  pattern: "publish/subscribe",
  schema: z.object({ x: z.number(), y: z.number(), labels: z.array(z.string()).default([]) }),
  capacityBytes: 64 * 1024,
});

/** Tasks, by valibot; pullers check them. */
export const tasks = defineChannel("tasks", {
  pattern: "push/pull",
  schema: v.object({ angle: v.pipe(v.number(), v.minValue(0), v.maxValue(180)) }),
  codec: "json",
  check: "receiver",
});

/** Movements, by arktype. */
export const movements = defineChannel("movements", {
  pattern: "request/reply",
  schema: {
    request: type({ joint: "string", "speed?": "number > 0" }),
    reply: type({ angle: "number" }),
    part: type("number"),
  },
});

/** Poses, by zod, which turns texts into numbers. */
export const poses = defineChannel("poses", {
  pattern: "latest",
  schema: z.object({ angle: z.string().transform(Number) }),
});
