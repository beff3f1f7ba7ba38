// The channels of service.ts and feed.ts, which both import. It is no program.
import { defineChannel, typeOnly } from "@ringbus/ringbus";

/** Work that must not be lost, and its results. */
export const jobs = defineChannel("example-reload-jobs", {
  pattern: "push/pull",
  schema: typeOnly<number>(),
});
export const results = defineChannel("example-reload-results", {
  pattern: "push/pull",
  schema: typeOnly<{ job: number; version: number }>(),
});
/** News, of which the rings keep the newest. */
export const readings = defineChannel("example-reload-readings", {
  pattern: "publish/subscribe",
  schema: typeOnly<{ number: number }>(),
});
/** What the next version has to know: how far the one before has come. */
export const progress = defineChannel("example-reload-progress", {
  pattern: "latest",
  schema: typeOnly<{ last: number; count: number }>(),
});
