// Reads the frames of camera.ts in place, and prints how many it saw per second and how many it
// missed. Run several. With a number of milliseconds it spends that time on each frame, and misses some:
//   deno run --allow-ffi examples/camera_frames/viewer.ts [milliseconds]
import { Subscriber } from "@ringbus/ringbus";
import { CAPACITY_BYTES, Frame } from "./frame.ts";

const workMs = Number(Deno.args[0] ?? 0);
using camera = new Subscriber<Uint8Array>("example-camera", {
  codec: "raw",
  capacityBytes: CAPACITY_BYTES,
});
console.log("watching");

let seen = 0;

/** Reads the next frame; returns whether there was one, and whether it was the last. */
function readFrame(): { isThere: boolean; isLast: boolean } {
  using view = camera.recvView();
  if (view === undefined) return { isThere: false, isLast: false };
  const frame = new Frame(view.bytes);
  const { number, isLast } = frame;
  const isWhole = frame.pixels.every((value) => value === number % 256);
  // The camera never waits for a viewer, so check after the read that it did not overwrite the frame.
  if (!view.intact) return { isThere: true, isLast: false };
  if (!isWhole) throw new Error(`frame ${number} is not one picture`);
  seen++;
  return { isThere: true, isLast };
}

let begun: number | undefined;
for (let isOver = false; !isOver;) {
  const { isThere, isLast } = readFrame();
  if (isThere) begun ??= performance.now();
  isOver = isLast;
  await new Promise((resolve) => setTimeout(resolve, isThere ? workMs : 2));
}
const rate = (seen - 1) / (performance.now() - begun!) * 1000;
console.log(`seen ${seen}, missed ${camera.statistics().missed}`);
console.log(`${rate.toFixed(1)} frames a second`);
