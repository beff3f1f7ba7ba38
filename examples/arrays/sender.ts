// Publishes images of 480 x 640 numbers; type and shape arrive with them. Run receiver.ts first:
//   deno run --allow-ffi examples/arrays/sender.ts
import { Publisher, type Tensor } from "@ringbus/ringbus";

using publisher = new Publisher<Tensor<Float64Array>>("example-images");
const image = { data: new Float64Array(480 * 640), shape: [480, 640] };
for (let frame = 1; frame <= 3; frame++) {
  image.data.fill(frame);
  publisher.send(image); // copied: the array can be filled again at once
  await new Promise((resolve) => setTimeout(resolve, 50));
}
console.log(`sent 3 images of ${image.data.byteLength} bytes`);
