// A camera: writes frames of 640 x 480 pixels in place into shared memory, 60 per second, and a small
// picture of every tenth frame as a typed array with a shape. Run it, with viewers:
//   deno run --allow-ffi examples/camera_frames/camera.ts [frames]
import { Publisher, type Tensor } from "@ringbus/ringbus";
import { CAPACITY_BYTES, Frame, FRAME_BYTES, HEIGHT, WIDTH } from "./frame.ts";

const FRAMES_PER_SECOND = 60;
const frames = Number(Deno.args[0] ?? 600);

using camera = new Publisher<Uint8Array>("example-camera", {
  codec: "raw",
  capacityBytes: CAPACITY_BYTES,
});
using previews = new Publisher<Tensor<Uint8Array>>("example-camera-previews");

/** Every eighth pixel of every eighth row. */
function shrink(pixels: Uint8Array): Tensor<Uint8Array> {
  const shape = [HEIGHT / 8, WIDTH / 8, 3];
  const data = new Uint8Array(shape[0] * shape[1] * shape[2]);
  for (let row = 0, to = 0; row < HEIGHT; row += 8) {
    for (let column = 0; column < WIDTH; column += 8, to += 3) {
      const from = (row * WIDTH + column) * 3;
      data.set(pixels.subarray(from, from + 3), to);
    }
  }
  return { data, shape };
}

const begun = performance.now();
for (let number = 1; number <= frames; number++) {
  const waitMs = begun + number * 1000 / FRAMES_PER_SECOND - performance.now();
  await new Promise((resolve) => setTimeout(resolve, Math.max(0, waitMs)));
  using loan = camera.loan(FRAME_BYTES)!; // a publisher always has space: it evicts the oldest frame
  const frame = new Frame(loan.bytes);
  frame.draw(number, number === frames);
  if (number % 10 === 0) previews.send(shrink(frame.pixels));
  loan.commit();
}
console.log(`sent ${frames} frames of ${FRAME_BYTES} bytes`);
