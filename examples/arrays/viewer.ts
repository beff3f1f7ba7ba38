// Reads the arrays of lender.ts in place, without a copy:
//   deno run --allow-ffi examples/arrays/viewer.ts
import { Puller } from "@ringbus/ringbus";

using puller = new Puller<Uint8Array>("example-in-place", { codec: "raw" });
for (let left = 3; left > 0;) {
  using view = puller.recvView();
  if (view === undefined) {
    await new Promise((resolve) => setTimeout(resolve, 10));
    continue;
  }
  const { buffer, byteOffset } = view.bytes;
  const numbers = new Float64Array(buffer, byteOffset, 1000);
  console.log(`sum ${numbers.reduce((sum, value) => sum + value, 0)}`);
  left--; // the end of the block releases the space to the sender
}
