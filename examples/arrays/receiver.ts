// Receives the images of sender.ts as typed arrays with a shape:
//   deno run --allow-ffi examples/arrays/receiver.ts
import { Subscriber, type Tensor } from "@ringbus/ringbus";

using subscriber = new Subscriber<Tensor<Float64Array>>("example-images");
console.log("listening");
for (let left = 3; left > 0; left--) {
  const { data, shape } = await subscriber.recv();
  const mean = data.reduce((sum, value) => sum + value, 0) / data.length;
  console.log(`${data.constructor.name} ${shape.join(" x ")}, mean ${mean}`);
}
