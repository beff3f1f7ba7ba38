// Looks at the frames of camera.ts where they lie, and tells how many a second it saw and how many it
// missed. Run several; with a number of milliseconds it takes so long for each, and misses some:
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

/** Looks at the next frame; answers whether there was one, and whether it was the last. */
function readFrame(): { isThere: boolean; isLast: boolean } {
  using view = camera.recvView();
  if (view === undefined) return { isThere: false, isLast: false };
  const frame = new Frame(view.bytes);
  const { number, isLast } = frame;
  const isWhole = frame.pixels.every((value) => value === number % 256);
  // The camera waits for nobody: only now it is known that nothing of this was overwritten meanwhile.
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
