// Prints a line for each small picture of camera.ts, until none arrives for a second:
//   deno run --allow-ffi examples/camera_frames/previews.ts
import { ShmTimeoutError, Subscriber, type Tensor } from "@ringbus/ringbus";

using previews = new Subscriber<Tensor<Uint8Array>>("example-camera-previews");
console.log("watching");
try {
  for (let timeoutMs = 60_000;; timeoutMs = 1000) {
    const { data, shape } = await previews.recv({ timeoutMs });
    console.log(`${data.constructor.name} ${shape.join(" x ")}, shade ${data[0]}`);
  }
} catch (error) {
  if (!(error instanceof ShmTimeoutError)) throw error;
}
