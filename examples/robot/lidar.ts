// A lidar: publishes a scan every 50 ms until the robot stops. An obstacle comes nearer and goes away again:
//   deno run --allow-ffi examples/robot/lidar.ts
import { Signal } from "@ringbus/ringbus";
import { CONTROL, scans } from "./channels.ts";

using control = new Signal(CONTROL);
using publisher = scans.publisher({ label: "lidar" });

for (let number = 1;; number++) {
  const nearest = 2 + Math.cos(number / 20);
  const metres = Array.from({ length: 360 }, (_, angle) => angle === 90 ? nearest : 5);
  publisher.send({ number, metres });
  if ((await control.wait({ timeoutMs: 50 })).length > 0) break;
}
