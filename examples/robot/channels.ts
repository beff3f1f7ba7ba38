// The channels of a robot, which all of its programs import. It is no program.
import { defineChannel, typeOnly } from "@ringbus/ringbus";
import { z } from "zod";

/** Distances in metres, in all directions, some 20 times a second. */
export const scans = defineChannel("example-robot-scans", {
  pattern: "publish/subscribe",
  schema: z.object({ number: z.int(), metres: z.array(z.number().nonnegative()) }),
});

/** Pictures of three bytes for each pixel, written and read in place, some 30 times a second. */
export const frames = defineChannel("example-robot-frames", {
  pattern: "publish/subscribe",
  codec: "raw",
  schema: typeOnly<Uint8Array>(),
  capacityBytes: 8 * 1024 * 1024, // eight frames
});
export const FRAME_BYTES = 640 * 480 * 3;

/** What the control loop wants, and why. */
export const commands = defineChannel("example-robot-commands", {
  pattern: "latest",
  schema: typeOnly<Command>(),
});
export interface Command {
  metresPerSecond: number;
  why: string;
  ticks: number;
}

/** What the motor does. */
export const motors = defineChannel("example-robot-motor", {
  pattern: "latest",
  schema: typeOnly<string>(),
});

/** The signal that ends all programs, and its id. */
export const CONTROL = "example-robot-control";
export const STOP = 1;
