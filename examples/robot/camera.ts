// A camera: publishes a frame every 33 ms until the robot stops. The frame is written into the ring, and never copied:
//   deno run --allow-ffi examples/robot/camera.ts
import { Signal } from "@ringbus/ringbus";
import { CONTROL, FRAME_BYTES, frames } from "./channels.ts";

using control = new Signal(CONTROL);
using publisher = frames.publisher({ label: "camera" });

while (true) {
  {
    using loan = publisher.loan(FRAME_BYTES)!; // there is always space: the oldest frame is evicted
    loan.bytes.fill(128);
    loan.commit();
  }
  if ((await control.wait({ timeoutMs: 33 })).length > 0) break;
}
